//! A change that never came to be leaves authentic rows behind: they count for nothing, or end the log at the next
//! comparison.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use crate::{api::service::Service, crashes::instance::causes, witness};

const OWNER: &str = "contributor-rhein";
const STRANGER: &str = "contributor-littoral";
const CONTENT: &[u8] = b"the offer of Rhein Energie";

/// Where the change was made, beside where it was not; both under the same keys.
const THERE: &str = "attach database '{}' as there";
/// What the change wrote, brought over.
const BROUGHT: [&str; 3] = [
    "insert into revision select * from there.revision r where not exists \
     (select 1 from main.revision m where m.subject = r.subject and m.number = r.number) \
     and substr(r.subject, 1, 1) = x'64'",
    "update head set (number, digest) = (select number, digest from there.head h \
     where h.subject = head.subject) where substr(subject, 1, 1) = x'64'",
    "insert into document_grant select * from there.document_grant",
];
/// The entry that the revision names, where no entry stands.
const ENTRY: &str = "insert into entry select -position, id, at, facts, asked, asked_sealed, \
    texts_sealed, personal_sealed, person_index, document, owner, capacity, act, decision \
    from there.entry where id in (select entry from there.revision) \
    and id not in (select id from main.entry)";

struct Story {
    /// Stopped before the change.
    before: Service,
    /// Stopped after it.
    after: Service,
    content: String,
}

impl Story {
    async fn tell() -> Self {
        let before = Service::start().await;
        let reference = before.deposited(OWNER, "offer", CONTENT).await;
        let content = format!("/api/v1/documents/{reference}/content");
        assert_eq!(before.get(STRANGER, &content).await.status, 404);
        before.app.close().await;
        let after = before.again(before.copied()).await.unwrap();
        let grants = format!("/api/v1/documents/{reference}/grants");
        let to = json!({"to": "company:caisse-du-littoral"});
        assert_eq!(after.post(OWNER, &grants, to).await.status, 201);
        assert_eq!(after.get(STRANGER, &content).await.body.as_ref(), CONTENT);
        after.app.close().await;
        Self { before, after, content }
    }

    /// What the change wrote is typed into a running instance in which it never was.
    async fn typed(&self, statements: &[&str]) -> Service {
        let running = self.before.again(self.before.copied()).await.unwrap();
        assert_eq!(running.get(STRANGER, &self.content).await.status, 404);
        let file = running.folder().join("greffe.sqlite");
        let mut database = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
        let there = self.after.folder().join("greffe.sqlite");
        let there = THERE.replace("{}", there.to_str().unwrap());
        sqlx::query(AssertSqlSafe(there)).execute(&mut database).await.unwrap();
        for statement in statements {
            let typed = sqlx::query(AssertSqlSafe(statement.to_string()));
            let changed = typed.execute(&mut database).await.unwrap().rows_affected();
            assert!(changed > 0, "{statement}");
        }
        database.close().await.unwrap();
        running
    }

    async fn assert_it_never_starts(&self, running: &Service, says: &str) {
        running.app.close().await;
        let Err(refused) = self.before.again(running.copied()).await else { panic!("it starts") };
        assert!(causes(&refused).contains(says), "{}", causes(&refused));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_of_a_change_that_was_rolled_back_counts_for_nothing_at_the_next_request() {
    let story = Story::tell().await;

    let running = story.typed(&BROUGHT).await;

    for _ in 0..3 {
        let answer = running.get(STRANGER, &story.content).await;
        assert!(matches!(answer.status, 500 | 503), "{answer:?}");
        assert!(!answer.body.windows(CONTENT.len()).any(|bytes| bytes == CONTENT));
    }
    running.app.compare_or_stop().await;
    assert!(running.app.writer.ended().borrow().is_some());
    story.assert_it_never_starts(&running, "the heads in the database").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_with_a_made_up_entry_ends_the_log_at_the_next_comparison_and_never_starts() {
    let story = Story::tell().await;
    let with_entry: Vec<_> = BROUGHT.into_iter().chain([ENTRY]).collect();

    let running = story.typed(&with_entry).await;
    running.app.compare_or_stop().await;

    assert!(running.app.writer.ended().borrow().is_some());
    let answer = running.get(STRANGER, &story.content).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(witness::count(&running, "select count(*) from entry where position < 0").await, 1);
    story.assert_it_never_starts(&running, "the heads in the database").await;
}
