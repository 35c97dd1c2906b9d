//! Whoever controls the database rewrites, copies and revives credentials.

use super::{Doorway, RHEIN, is_unknown};
use crate::identity::{Error, Token};

#[tokio::test]
async fn a_row_pointed_at_another_person_or_capacity_authenticates_nobody() {
    let changes = [
        "update credential set person = (select substr(subject, 2) from head \
         where substr(subject, 1, 1) = x'75' and substr(subject, 2) <> person limit 1) where id = $1",
        "update credential set capacity = (select party from member where party <> capacity limit 1) \
         where id = $1",
        "update credential set expires_at = expires_at + 1 where id = $1",
        "update credential set generation = 1 where id = $1",
        "update credential set kind = 'certificate' where id = $1",
        "update credential set verifier = randomblob(32) where id = $1",
        "update credential set person = 'x' where id = $1",
        "delete from credential where id = $1",
    ];
    for sql in changes {
        let door = Doorway::start().await;
        let token = door.token("contributor-rhein", RHEIN).await;
        assert!(door.ask_anew(&token).await.is_ok(), "{sql}");

        door.rewrite(sql, &token).await;

        assert!(is_unknown(door.ask_anew(&token).await), "{sql}");
    }
}

#[tokio::test]
async fn a_known_secrets_verifier_under_anothers_credential_authenticates_nobody() {
    let door = Doorway::start().await;
    // The administrator has a token of his own: he knows a secret, and a verifier that fits it.
    let mine = door.token("contributor-rhein", RHEIN).await;
    let victim = door.token("coordinator", "mission").await;
    door.world.by_sql("create table hers as select * from credential").await;
    door.rewrite("delete from credential where id = $1", &victim).await;
    door.rewrite("delete from hers where id = $1", &mine).await;
    let claims = "update credential set (id, person, capacity, expires_at, generation) = \
                  (select id, person, capacity, expires_at, generation from hers) where id = $1";
    door.rewrite(claims, &mine).await;
    let forged = format!("greffe_{}{}", victim.id, &mine.expose()[29..]);
    assert_eq!(Token::parse(&forged).unwrap().id, victim.id);

    let asked = door.identity.authenticate(door.presented(Some(&forged))).await;

    assert!(is_unknown(asked));
    assert!(is_unknown(door.ask_anew(&mine).await));
}

#[tokio::test]
async fn a_revoked_token_is_gone_at_once_and_its_row_put_back_revives_nothing() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    let caller = door.ask(&token).await.unwrap();
    door.world.by_sql("create table kept as select * from credential").await;

    let right = door.world.right("contributor-rhein", RHEIN, None).await;
    door.identity.revoke(right, token.id).await.unwrap();
    let confirmed = caller.confirm(&door.world.registry, &mut door.world.revisions()).await;
    let gone = door.ask(&token).await;
    assert_eq!(door.world.count("select count(*) from credential").await, 0);
    assert_eq!(door.world.by_sql("insert into credential select * from kept").await, 1);

    assert!(matches!(confirmed, Err(Error::Unknown)));
    assert!(is_unknown(gone));
    assert!(is_unknown(door.ask(&token).await));
    assert!(is_unknown(door.ask_anew(&token).await));
}

#[tokio::test]
async fn a_person_put_back_by_sql_is_seen_by_whoever_saw_the_revocation() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    let person = door.world.person_id("contributor-rhein").await;
    let head = door.world.database.head(person.into()).await.unwrap().unwrap();
    door.world.by_sql("create table kept as select * from credential").await;
    let right = door.world.right("contributor-rhein", RHEIN, None).await;
    door.identity.revoke(right, token.id).await.unwrap();

    door.world.by_sql("insert into credential select * from kept").await;
    let put_back = sqlx::query("update head set number = $1, digest = $2 where subject = $3")
        .bind(head.number)
        .bind(head.digest.to_vec())
        .bind(head.subject.key())
        .execute(door.world.database.pool())
        .await;
    assert_eq!(put_back.unwrap().rows_affected(), 1);

    assert!(is_unknown(door.ask(&token).await));
    assert!(door.world.database.refresh(&[person.into()]).await.is_err());
}

#[tokio::test]
async fn no_secret_stands_in_the_database_or_in_debug() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    let text = token.expose();
    let secret = token.secret().expose().to_vec();

    let shown = format!("{:?} {:?} {token:?}", door.identity, door.ask(&token).await.unwrap());

    assert!(!shown.contains(&text[30..]));
    let file = door.world._folder.path();
    for entry in std::fs::read_dir(file).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(32).any(|window| window == secret));
        assert!(!bytes.windows(43).any(|window| window == &text.as_bytes()[30..]));
    }
}
