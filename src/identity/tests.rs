use std::time::Duration;

use crate::{
    audit::Method,
    id::{CredentialId, PersonId},
    identity::{Caller, Error, Failures, Identity, LINK_LIFE, LONGEST_LIFE, Presented, Token},
    mission::{
        CredentialKind, MOST_CREDENTIALS, Network,
        testing::{World, hmac_key},
    },
};

const RHEIN: &str = "company:rhein-energie";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The founding mission, and whoever asks.
struct Doorway {
    world: World,
    identity: Identity,
}

impl Doorway {
    async fn start() -> Self {
        let world = World::start().await;
        let identity = Identity::new(world.authority.clone(), hmac_key(3));
        Self { world, identity }
    }

    fn presented<'r>(&self, bearer: Option<&'r str>) -> Presented<'r> {
        Presented {
            bearer,
            certificate: None,
            capacity: None,
            address: "192.0.2.7".parse().unwrap(),
            device: "greffe/0.1",
            now: self.world.clock.now(),
        }
    }

    async fn link(&self, slug: &str, capacity: &str) -> Token {
        let (person, party) =
            (self.world.person_id(slug).await, self.world.party_id(capacity).await);
        self.identity.issue_link(person, party).await.unwrap()
    }

    async fn redeem(&self, link: &Token) -> Result<Token, Error> {
        let code = link.expose();
        self.identity.redeem(self.presented(Some(&code)), "laptop", DAY).await
    }

    /// A token as it is handed out.
    async fn token(&self, slug: &str, capacity: &str) -> Token {
        self.redeem(&self.link(slug, capacity).await).await.unwrap()
    }

    async fn ask(&self, token: &Token) -> Result<Caller, Error> {
        let bearer = token.expose();
        self.identity.authenticate(self.presented(Some(&bearer))).await
    }

    /// Asks a server that has just started and has seen nothing: neither rows nor heads are held.
    async fn ask_anew(&self, token: &Token) -> Result<Caller, Error> {
        let registry = self.world.restarted().await;
        let authority =
            crate::mission::Authority::new(registry, self.world.authority.writer().clone());
        let identity = Identity::new(authority, hmac_key(3));
        let bearer = token.expose();
        identity.authenticate(self.presented(Some(&bearer))).await
    }

    /// Rewrites the row of `token` as SQL can.
    async fn rewrite(&self, sql: &'static str, token: &Token) {
        let changed = sqlx::query(sql)
            .bind(token.id.as_bytes())
            .execute(self.world.database.pool())
            .await
            .unwrap();
        assert_eq!(changed.rows_affected(), 1, "{sql}");
    }
}

fn is_unknown(asked: Result<Caller, Error>) -> bool {
    matches!(asked, Err(Error::Unknown))
}

#[tokio::test]
async fn a_link_gives_a_token_that_says_who_asks_in_which_capacity() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;

    let caller = door.ask(&token).await.unwrap();

    let person = door.world.person("contributor-rhein").await;
    assert_eq!(caller.actor.person, person.person);
    assert_eq!(caller.actor.capacity, door.world.party_id(RHEIN).await);
    assert_eq!(caller.actor.credential, token.id);
    assert_eq!((caller.actor.method, caller.actor.certificate), (Method::Token, false));
    assert_eq!(caller.actor.device, "greffe/0.1");
    let [listed] = person.credentials.as_slice() else { panic!("{:?}", person.credentials) };
    assert_eq!((listed.kind, listed.label.as_str()), (CredentialKind::Token, "laptop"));
    assert_eq!(caller.actor.authenticated_at, listed.issued_at);
    assert_eq!(door.world.count("select count(*) from credential").await, 1);
}

#[tokio::test]
async fn a_link_is_redeemed_once_and_never_authenticates() {
    let door = Doorway::start().await;
    let link = door.link("contributor-rhein", RHEIN).await;
    assert!(is_unknown(door.ask(&link).await));

    let (one, two) = futures::join!(door.redeem(&link), door.redeem(&link));
    let third = door.redeem(&link).await;

    assert_eq!([&one, &two].iter().filter(|redeemed| redeemed.is_ok()).count(), 1);
    assert!(matches!(third, Err(Error::Unknown)));
    assert_eq!(door.world.person("contributor-rhein").await.credentials.len(), 1);
    assert_eq!(door.world.count("select count(*) from credential where kind = 'link'").await, 0);
}

#[tokio::test]
async fn a_link_past_its_end_gives_nothing() {
    let door = Doorway::start().await;
    let link = door.link("contributor-rhein", RHEIN).await;

    door.world.clock.step_seconds(i64::try_from(LINK_LIFE.as_secs()).unwrap());

    assert!(matches!(door.redeem(&link).await, Err(Error::Unknown)));
    assert_eq!(door.world.person("contributor-rhein").await.credentials.len(), 1, "the link");
}

#[tokio::test]
async fn a_token_ends_at_its_instant() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    assert!(door.ask(&token).await.is_ok());

    door.world.clock.step_seconds(24 * 3600 + 1);

    assert!(is_unknown(door.ask(&token).await));
}

#[tokio::test]
async fn wrong_secrets_and_foreign_forms_are_unknown() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    let good = token.expose();
    let mut wrong = good.to_string();
    wrong.replace_range(40..41, if &wrong[40..41] == "A" { "B" } else { "A" });
    let stranger = Token::random(CredentialKind::Token).expose().to_string();

    for bearer in [wrong.as_str(), &stranger, "", "greffe_", "Basic abc"] {
        let asked = door.identity.authenticate(door.presented(Some(bearer))).await;
        assert!(is_unknown(asked), "{bearer}");
    }
    assert!(is_unknown(door.identity.authenticate(door.presented(None)).await));
    assert!(door.ask(&token).await.is_ok());
}

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
async fn whoever_left_the_party_or_is_signed_out_everywhere_is_unknown() {
    let door = Doorway::start().await;
    let leaves = door.token("contributor-rhein", RHEIN).await;
    let stays = door.token("coordinator", "mission").await;
    let ends = door.token("pilot-ia", "workstream:intelligence-artificielle").await;
    for token in [&leaves, &stays, &ends] {
        assert!(door.ask(token).await.is_ok());
    }

    let right = door.world.right("contributor-rhein", RHEIN, None).await;
    door.world.authority.leave(right).await.unwrap();
    let pilot = "workstream:intelligence-artificielle";
    let right = door.world.right("pilot-ia", pilot, None).await;
    door.identity.sign_out_everywhere(right).await.unwrap();

    assert!(is_unknown(door.ask(&leaves).await) && is_unknown(door.ask(&ends).await));
    assert!(door.ask(&stays).await.is_ok());
    assert_eq!(door.world.count("select count(*) from credential").await, 1);
    let again = door.token("pilot-ia", pilot).await;
    assert!(door.ask(&again).await.is_ok(), "a new link signs in again");
}

#[tokio::test]
async fn a_role_given_back_does_not_revive_the_tokens_of_before() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    let person = door.world.person_id("contributor-rhein").await;
    let right = door.world.right("contributor-rhein", RHEIN, None).await;
    door.world.authority.leave(right).await.unwrap();

    let right = door.world.right("coordinator", "mission", Some(RHEIN)).await;
    let role = crate::mission::Role::Contributor;
    door.world.authority.give_role(right, person, role).await.unwrap();

    assert!(is_unknown(door.ask(&token).await));
}

#[tokio::test]
async fn a_decision_that_leans_on_a_caller_names_heads_and_ends_with_the_token() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    let caller = door.ask(&token).await.unwrap();
    let mut revisions = door.world.revisions();

    let confirmed = caller.confirm(&door.world.registry, &mut revisions).await.unwrap();

    let subjects: Vec<_> = revisions.heads().iter().map(|head| head.subject).collect();
    assert_eq!(subjects, [confirmed.party.party.into(), confirmed.person.person.into()]);
    assert_eq!(revisions.until, Some(confirmed.person.credentials[0].expires_at));
    assert_eq!(confirmed.credentials(revisions.decided_at).len(), 1);
}

#[tokio::test]
async fn a_person_has_32_credentials_at_most_and_expired_ones_make_room() {
    let door = Doorway::start().await;
    let right = || door.world.right("contributor-rhein", RHEIN, None);
    let identity = &door.identity;
    for _ in 0..MOST_CREDENTIALS {
        identity.issue_token(right().await, "script", DAY).await.unwrap();
    }
    let entries = door.world.count("select next from sequence").await;

    let one_more = identity.issue_token(right().await, "script", DAY).await;
    let link = identity
        .issue_link(
            door.world.person_id("contributor-rhein").await,
            door.world.party_id(RHEIN).await,
        )
        .await;

    assert!(matches!(&one_more, Err(Error::Refused(says)) if says.contains("revoke one")));
    assert!(matches!(link, Err(Error::Refused(_))));
    assert_eq!(door.world.count("select next from sequence").await, entries);
    assert_eq!(door.world.count("select count(*) from credential").await, 32);

    door.world.clock.step_seconds(24 * 3600 + 1);
    door.world.authority.writer().unsigned().signed(u64::try_from(entries).unwrap());
    identity.issue_token(right().await, "script", DAY).await.unwrap();
    assert_eq!(door.world.person("contributor-rhein").await.credentials.len(), 1);
    assert_eq!(door.world.count("select count(*) from credential").await, 1);
}

#[tokio::test]
async fn no_credential_is_made_for_a_capacity_that_is_not_theirs_or_for_too_long() {
    let door = Doorway::start().await;
    let person = door.world.person_id("contributor-rhein").await;
    let mission = door.world.party_id("mission").await;
    let rhein = door.world.party_id(RHEIN).await;
    let right = || door.world.right("contributor-rhein", RHEIN, None);
    let foreign = door.world.right("contributor-rhein", "mission", None).await;

    let link = door.identity.issue_link(person, mission).await;
    let nobody = door.identity.issue_link(PersonId::random(), rhein).await;
    let token = door.identity.issue_token(foreign, "script", DAY).await;
    let long = door.identity.issue_token(right().await, "script", LONGEST_LIFE + DAY).await;
    let label = door.identity.issue_token(right().await, "a\0b", DAY).await;
    let revoked = door.identity.revoke(right().await, CredentialId::random()).await;

    for refused in [link.err(), token.err(), long.err(), label.err(), revoked.err()] {
        assert!(matches!(refused, Some(Error::Refused(_))), "{refused:?}");
    }
    assert!(matches!(nobody, Err(Error::Authority(_))));
    assert_eq!(door.world.count("select count(*) from credential").await, 0);
    assert_eq!(door.world.person("contributor-rhein").await.credentials, []);
}

#[tokio::test]
async fn a_token_asked_for_another_capacity_names_the_one_it_has() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    let bearer = token.expose();
    let ask = |capacity| Presented { capacity: Some(capacity), ..door.presented(Some(&bearer)) };

    let own = door.identity.authenticate(ask(RHEIN)).await;
    let other = door.identity.authenticate(ask("mission")).await;

    assert!(own.is_ok());
    assert!(matches!(other, Err(Error::Choose(handles)) if handles == [RHEIN]));
}

#[tokio::test]
async fn of_a_certificates_capacities_the_header_chooses() {
    let door = Doorway::start().await;
    let (world, identity) = (&door.world, &door.identity);
    let person = world.person_id("contributor-rhein").await;
    let (rhein, mission) = (world.party_id(RHEIN).await, world.party_id("mission").await);
    let der = b"a certificate's DER".as_slice();
    let ask = |capacity| Presented { certificate: Some(der), capacity, ..door.presented(None) };
    let unknown = identity.authenticate(ask(None)).await;
    identity.issue_certificate(person, rhein, der, "card", DAY).await.unwrap();
    let one = identity.authenticate(ask(None)).await.unwrap();
    let right = world.right("coordinator", "mission", Some("mission")).await;
    world.authority.give_role(right, person, crate::mission::Role::Committee).await.unwrap();
    identity.issue_certificate(person, mission, der, "card", DAY).await.unwrap();

    let several = identity.authenticate(ask(None)).await;
    let chosen = identity.authenticate(ask(Some("mission"))).await.unwrap();
    let foreign = identity.authenticate(ask(Some("workstream:e-paiement"))).await;
    let twice = identity.issue_certificate(person, mission, der, "card", DAY).await;
    let other = world.person_id("coordinator").await;
    let stolen = identity.issue_certificate(other, mission, der, "card", DAY).await;

    assert!(is_unknown(unknown));
    assert_eq!((one.actor.capacity, one.actor.method), (rhein, Method::Certificate));
    assert!(one.actor.certificate);
    let both = ["company:rhein-energie", "mission"];
    assert!(matches!(several, Err(Error::Choose(handles)) if handles == both));
    assert_eq!(chosen.actor.capacity, mission);
    assert!(matches!(foreign, Err(Error::Choose(handles)) if handles == both));
    assert!(matches!(twice, Err(Error::Refused(_))) && matches!(stolen, Err(Error::Refused(_))));
}

#[tokio::test]
async fn a_certificate_row_pointed_at_another_person_or_certificate_authenticates_nobody() {
    let changes = [
        "update credential set fingerprint = $1",
        "update credential set fingerprint = $1, verifier = randomblob(32)",
        "update credential set fingerprint = $1, person = (select substr(subject, 2) from head \
         where substr(subject, 1, 1) = x'75' and substr(subject, 2) <> person limit 1)",
    ];
    for sql in changes {
        let door = Doorway::start().await;
        let person = door.world.person_id("contributor-rhein").await;
        let rhein = door.world.party_id(RHEIN).await;
        door.identity.issue_certificate(person, rhein, b"his", "card", DAY).await.unwrap();
        let mine = super::authenticate::fingerprint(b"mine");

        let changed =
            sqlx::query(sql).bind(mine.to_vec()).execute(door.world.database.pool()).await;
        assert_eq!(changed.unwrap().rows_affected(), 1);
        let presented = Presented { certificate: Some(b"mine"), ..door.presented(None) };

        assert!(is_unknown(door.identity.authenticate(presented).await), "{sql}");
    }
}

#[tokio::test]
async fn anothers_certificate_beside_a_token_proves_nothing() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    let bearer = token.expose();
    let rhein = door.world.party_id(RHEIN).await;
    let (own, other) = ("contributor-rhein", "coordinator");
    let mission = door.world.party_id("mission").await;
    let (own, other) = (door.world.person_id(own).await, door.world.person_id(other).await);
    door.identity.issue_certificate(own, rhein, b"own", "card", DAY).await.unwrap();
    door.identity.issue_certificate(other, mission, b"other", "card", DAY).await.unwrap();
    let ask = |der| Presented { certificate: Some(der), ..door.presented(Some(bearer.as_str())) };

    let with_own = door.identity.authenticate(ask(b"own".as_slice())).await.unwrap();
    let with_other = door.identity.authenticate(ask(b"other".as_slice())).await.unwrap();

    assert!(with_own.actor.certificate && !with_other.actor.certificate);
    assert_eq!(with_other.actor.person, own);
}

#[tokio::test]
async fn the_declared_network_is_named_and_follows_the_partys_revision() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    let caller = door.ask(&token).await.unwrap();
    let right = door.world.right("contributor-rhein", RHEIN, Some(RHEIN)).await;
    let office = Network { name: "office".into(), prefix: "192.0.2.0/24".into() };
    door.world.authority.set_networks(right, vec![office]).await.unwrap();

    let confirmed =
        caller.confirm(&door.world.registry, &mut door.world.revisions()).await.unwrap();

    assert_eq!(caller.actor.network, None);
    assert_eq!(confirmed.actor.network.as_deref(), Some("office"));
    assert_eq!(door.ask(&token).await.unwrap().actor.network.as_deref(), Some("office"));
}

#[tokio::test]
async fn a_source_that_fails_too_often_waits_while_tokens_in_use_there_pass() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    assert!(door.ask(&token).await.is_ok());
    let stranger = Token::random(CredentialKind::Token);

    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(door.ask(&stranger).await.unwrap_err());
    }

    assert_eq!(answers.iter().filter(|error| matches!(error, Error::Unknown)).count(), 10);
    assert!(matches!(answers[11], Error::Limited { wait_seconds: 1..=60 }));
    assert!(door.ask(&token).await.is_ok());
    let entries = door.world.count("select next from sequence").await;
    let failures = Failures { unknown: 10, limited: 2 };
    assert_eq!(door.identity.record_failures().await.unwrap(), failures);
    assert_eq!(door.identity.record_failures().await.unwrap(), Failures::default());
    assert_eq!(door.world.count("select next from sequence").await, entries + 1);
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
