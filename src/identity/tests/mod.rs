//! Tokens, links, capacities and limits, over the founding mission.

mod certificates;
mod ends;
mod engines;
mod hostile;

use std::time::Duration;

use crate::{
    audit::Method,
    identity::{Caller, Error, Failures, Identity, LINK_LIFE, Presented, Token},
    mission::{
        CredentialKind, Network,
        tests::{World, hmac_key},
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
    pub async fn start() -> Self {
        let world = World::start().await;
        let identity = Identity::new(world.authority.clone(), hmac_key(3), 10);
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
        let identity = Identity::new(authority, hmac_key(3), 10);
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

    door.world.clock.pass_seconds(i64::try_from(LINK_LIFE.as_secs()).unwrap());

    assert!(matches!(door.redeem(&link).await, Err(Error::Unknown)));
    assert_eq!(door.world.person("contributor-rhein").await.credentials.len(), 1, "the link");
}

#[tokio::test]
async fn a_token_ends_at_its_instant() {
    let door = Doorway::start().await;
    let token = door.token("contributor-rhein", RHEIN).await;
    assert!(door.ask(&token).await.is_ok());

    door.world.clock.pass_seconds(24 * 3600 + 1);

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
