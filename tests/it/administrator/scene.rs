//! A stopped instance, its people, what they may and what they no longer may.

use std::collections::BTreeSet;

use greffe::{database::Revisions, id::Id};
use hyper::Method;
use serde_json::json;

use crate::{
    administrator::bounds::{AS_EVER, Answers},
    api::service::{Answer, Service},
    witness,
};

/// Decides for the company that owns the document.
pub const OWNER: &str = "access-acieries";
/// Deposited the document, and was then taken out of the company.
pub const LEFT: &str = "contributor-acieries";
/// Of another company, to which both kinds of grant were given, and taken back.
pub const STRANGER: &str = "contributor-littoral";
/// Holds a grant, and is forbidden to read by the company's own text.
pub const READER: &str = "pilot-ia";

pub const OLDER: &[u8] = b"the first offer of the steel works";
pub const CONTENT: &[u8] = b"the second offer of the steel works";
pub const STRANGERS: &[u8] = b"what the stranger deposited";

const PARTY: &str = "/api/v1/parties/company:acieries-du-ponant";
/// Forbids nothing of what is tried here.
const MILD: &str = "@id(\"mild\")\nforbid (principal, action == Action::\"export\", resource)\n\
    unless { context.capacity.party == Party::\"company:acieries-du-ponant\" };\n";
const STRICT: &str = "@id(\"strict\")\nforbid (principal, action == Action::\"read\", resource)\n\
    unless { context.capacity.party == Party::\"company:acieries-du-ponant\" };\n";

/// Everything that says who may what.
pub const AUTHORITY: [&str; 10] = [
    "revision",
    "head",
    "credential",
    "member",
    "party_text",
    "document",
    "document_grant",
    "standing_grant",
    "version",
    "copy",
];

pub struct Scene {
    pub service: Service,
    pub reference: String,
    lost: String,
    left: String,
    /// Names in scripts, and the SQL that stands for them.
    names: Vec<(&'static str, String)>,
}

/// The statuses with which each of them is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub owner: u16,
    pub stranger: BTreeSet<u16>,
    pub reader: u16,
    pub left: u16,
    pub lost: u16,
}

impl Seen {
    /// Everybody is answered with one status.
    pub fn of([owner, stranger, reader, left, lost]: Answers) -> Self {
        Self { owner, stranger: BTreeSet::from([stranger]), reader, left, lost }
    }
}

fn good(answer: Answer) -> Answer {
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    answer
}

impl Scene {
    /// Plays what came before, keeps the tables of authority as they once were, and stops.
    pub async fn set() -> Self {
        let roomy =
            "\n[limits]\nbudget_entries_per_minute = 100000\nfailures_per_minute = 100000\n";
        let service = Service::with(|text| text + roomy).await;
        let reference = service.deposited(LEFT, "offer", OLDER).await;
        let mine = service.deposited(STRANGER, "mine", STRANGERS).await;
        let grants = format!("/api/v1/documents/{reference}/grants");
        let to = json!({"to": "company:caisse-du-littoral"});
        let grant = good(service.post(OWNER, &grants, to).await).json();
        let to = json!({"to": "company:caisse-du-littoral", "sensitivity": "business-secret"});
        let standing = good(service.post(OWNER, &format!("{PARTY}/grants"), to).await).json();
        good(service.post(OWNER, &grants, json!({"to": "person:pilot-ia"})).await);
        let others = json!({"to": "company:lumen-ia", "sensitivity": "ordinary"});
        good(service.post(OWNER, &format!("{PARTY}/grants"), others).await);
        restrict(&service, MILD).await;
        let minted = service.post(OWNER, "/api/v1/tokens", json!({"label": "lost"})).await;
        let minted = good(minted).json();
        let (lost, left) =
            (minted["token"].as_str().unwrap().to_owned(), service.token(LEFT).await);
        let content = format!("/api/v1/documents/{reference}/content");
        for person in [STRANGER, READER, LEFT] {
            assert_eq!(service.get(person, &content).await.body.as_ref(), OLDER, "{person}");
        }
        for table in AUTHORITY {
            let keep = format!("create table kept_{table} as select * from {table}");
            witness::sql(&service, &keep).await;
        }

        let put = service.ask(LEFT, Method::PUT, &content).header("content-type", "text/plain");
        good(put.body(CONTENT).send().await);
        let id = |made: &serde_json::Value| made["id"].as_str().unwrap().to_owned();
        for path in [
            format!("{grants}/{}", id(&grant)),
            format!("{PARTY}/grants/{}", id(&standing)),
            format!("/api/v1/tokens/{}", id(&minted)),
            format!("{PARTY}/people/{LEFT}"),
        ] {
            good(service.ask(OWNER, Method::DELETE, &path).send().await);
        }
        restrict(&service, STRICT).await;
        let names = names(&service, &reference, &mine).await;
        let scene = Self { service, reference, lost, left, names };
        assert_eq!(scene.look(&scene.service, "before").await, Seen::of(AS_EVER));
        scene.service.app.close().await;
        scene
    }

    /// Types a statement with its names filled in, or puts a whole table back; how many rows changed.
    pub async fn types(&self, service: &Service, statement: &str) -> u64 {
        let filled = self.names.iter();
        let filled = filled.fold(statement.to_owned(), |text, (name, id)| text.replace(name, id));
        match filled.strip_prefix("PUT BACK ") {
            Some(table) => {
                let (gone, back) = (
                    format!("delete from {table}"),
                    format!("insert into {table} select * from kept_{table}"),
                );
                witness::sql(service, &gone).await + witness::sql(service, &back).await
            }
            None => witness::sql(service, &filled).await,
        }
    }

    /// Everybody asks; nobody is served but the owner, and the owner the right bytes.
    pub async fn look(&self, service: &Service, case: &str) -> Seen {
        let path = |tail: &str| format!("/api/v1/documents/{}{tail}", self.reference);
        let content = path("/content");
        let mut stranger = BTreeSet::new();
        for tail in ["", "/content", "/versions", "/grants", "/accesses", "/age?recipient=a"] {
            let answer = service.get(STRANGER, &path(tail)).await;
            assert_sealed(&answer, case);
            stranger.insert(answer.status);
        }
        let share = json!({"to": "company:caisse-du-littoral"});
        stranger.insert(service.post(STRANGER, &path("/grants"), share).await.status);
        let listed = service.get(STRANGER, "/api/v1/documents").await;
        let text = String::from_utf8_lossy(&listed.body).into_owned();
        assert!(!text.contains(&self.reference), "{case}: {text}");
        let reader = service.get(READER, &content).await;
        let ask = || service.ask(LEFT, Method::GET, &content);
        let left = ask().send_raw(Some(self.left.clone())).await;
        let lost = ask().send_raw(Some(self.lost.clone())).await;
        for refused in [&reader, &left, &lost] {
            assert_sealed(refused, case);
        }
        let owner = service.get(OWNER, &content).await;
        assert!(owner.status != 200 || (owner.whole && owner.body == CONTENT), "{case}: {owner:?}");
        Seen {
            owner: owner.status,
            stranger,
            reader: reader.status,
            left: left.status,
            lost: lost.status,
        }
    }
}

/// Refused, and nothing of the document said.
fn assert_sealed(answer: &Answer, case: &str) {
    assert!(answer.status >= 400, "{case}: {answer:?}");
    for content in [OLDER, CONTENT] {
        assert!(!answer.body.windows(content.len()).any(|bytes| bytes == content), "{case}");
    }
}

async fn restrict(service: &Service, text: &'static str) {
    let path = format!("{PARTY}/restrictions");
    let put = service.ask(OWNER, Method::PUT, &path).header("content-type", "text/plain");
    good(put.body(text).send().await);
}

async fn names(service: &Service, reference: &str, mine: &str) -> Vec<(&'static str, String)> {
    let mut revisions = Revisions::new(service.app.clock.now());
    let mission = service.app.registry.mission(&mut revisions).await.unwrap();
    let party = |handle: &str| mission.party_named(handle).unwrap().party;
    let person = |slug: &str| mission.person_named(slug).unwrap();
    let literal = |id: Id| format!("x'{}'", hex::encode(id.0));
    let subject = |kind: char, id: Id| format!("x'{:02x}{}'", kind as u8, hex::encode(id.0));
    let (document, mine) =
        (witness::document(service, reference).await, witness::document(service, mine).await);
    vec![
        ("OWNERS_SUBJECT", subject('p', party("company:acieries-du-ponant").0)),
        ("STRANGERS_DOCUMENTS_SUBJECT", subject('d', mine.0)),
        ("DOCUMENTS_SUBJECT", subject('d', document.0)),
        ("REFERENCE", reference.to_owned()),
        ("OWNER_PARTY", literal(party("company:acieries-du-ponant").0)),
        ("STRANGER_PARTY", literal(party("company:caisse-du-littoral").0)),
        ("OWNER_PERSON", literal(person(OWNER).0)),
        ("LEFT_PERSON", literal(person(LEFT).0)),
        ("STRANGER_PERSON", literal(person(STRANGER).0)),
        ("THE_DOCUMENT", literal(document.0)),
        ("STRANGERS_DOCUMENT", literal(mine.0)),
        ("STRANGER_KEY", format!("'party:{}'", party("company:caisse-du-littoral"))),
    ]
}
