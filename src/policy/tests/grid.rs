//! A generated grid of documents, grants, conflicts and circumstances over the small mission.

use crate::{
    audit::Method,
    mission::{DocumentRevision, Grantee, Role, Sensitivity, Stage, StandingGrant},
    policy::{
        Circumstances,
        tests::world::{NOW, World, document, grant, party, person, plainly},
    },
    time::Instant,
};

/// A seeded generator: the same grid each time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// One of `sides`, from 0.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())].clone()
    }
}

const OWNERS: [&str; 5] =
    ["company:alpha", "company:beta", "workstream:ai", "workstream:data", "mission"];
const STAGES: [Stage; 5] =
    [Stage::Empty, Stage::Working, Stage::Final, Stage::Final, Stage::Shredding];
const KINDS: [&str; 3] = ["diagnostic", "recommendation", "draft"];
const SENSITIVITIES: [Sensitivity; 3] =
    [Sensitivity::Ordinary, Sensitivity::Confidential, Sensitivity::BusinessSecret];

/// A mission with conflicts, standing grants, and people of several capacities.
pub(super) fn world(dice: &mut Dice) -> World {
    let mut world = World::new();
    world.hold("beta-contributor", "workstream:ai", Role::AccessManager);
    world.hold("auditor", "company:gamma", Role::Contributor);
    world.conflict("beta-access", "company:alpha", None);
    world.conflict("data-pilot", "company:alpha", Some("workstream:data"));
    world.people.get_mut("neutral").unwrap().disabled = true;
    for owner in OWNERS {
        for _ in 0..dice.roll(3) {
            let standing = StandingGrant {
                grant: grant(grantee(dice), until(dice)),
                kind: (dice.roll(2) == 0).then(|| dice.pick(&KINDS).into()),
                workstream: (dice.roll(2) == 0).then(|| party("workstream:ai")),
                sensitivity: dice.pick(&SENSITIVITIES),
            };
            world.parties.get_mut(owner).unwrap().standing.push(standing);
        }
    }
    world
}

/// A document of any owner and state, granted to some.
pub(super) fn any_document(dice: &mut Dice) -> DocumentRevision {
    let owner = dice.pick(&OWNERS);
    let workstream = if owner.starts_with("workstream:") { owner } else { "workstream:ai" };
    DocumentRevision {
        kind: dice.pick(&KINDS).into(),
        stage: dice.pick(&STAGES),
        sensitivity: dice.pick(&SENSITIVITIES),
        quarantined: dice.roll(8) == 0,
        hold: dice.roll(8) == 0,
        grants: (0..dice.roll(4)).map(|_| grant(grantee(dice), until(dice))).collect(),
        ..document(owner, workstream)
    }
}

fn grantee(dice: &mut Dice) -> Grantee {
    const PARTIES: [&str; 6] = [
        "company:alpha",
        "company:beta",
        "company:gamma",
        "workstream:ai",
        "workstream:data",
        "mission",
    ];
    const PEOPLE: [&str; 6] =
        ["beta-access", "pilot", "neutral", "auditor", "operator", "beta-contributor"];
    const ROLES: [Role; 5] =
        [Role::Contributor, Role::AccessManager, Role::Pilot, Role::Committee, Role::Operator];
    match dice.roll(3) {
        0 => Grantee::Party(party(dice.pick(&PARTIES))),
        1 => Grantee::Person(person(dice.pick(&PEOPLE))),
        _ => Grantee::Role(party(dice.pick(&PARTIES)), dice.pick(&ROLES)),
    }
}

/// Ended, ending now, ending later, without end.
fn until(dice: &mut Dice) -> Option<Instant> {
    dice.pick(&[Some(Instant(NOW.0 - 1)), Some(NOW), Some(Instant(NOW.0 + 1)), None])
}

/// Every way to ask that the texts of the tests tell apart.
pub(super) fn ways() -> Vec<Circumstances> {
    let mut ways = Vec::new();
    for certificate in [false, true] {
        for network in [None, Some("office".to_owned())] {
            for purpose in [None, Some("audit".to_owned())] {
                let method = if certificate { Method::Certificate } else { Method::Token };
                let (network, plain) = (network.clone(), plainly());
                ways.push(Circumstances { certificate, method, network, purpose, ..plain });
            }
        }
    }
    ways
}
