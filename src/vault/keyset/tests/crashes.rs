//! Stopped between any two durable steps: nothing acknowledged is lost, nothing erased comes back.

use std::sync::Arc;

use fail::FailScenario;

use super::{Deposit, DocumentId, Error, Instance, KeySet, PartyId, PersonId, Slot, VersionId};
use crate::vault::{
    custody::{Custody, FileCustody, Ground},
    only::within,
};

/// Every durable step of a change or a turn.
const STEPS: [&str; 10] = [
    "vault::keyset::begin",
    "vault::custody::begin",
    "vault::custody::begun",
    "vault::keyset::turn",
    "vault::keyset::first",
    "vault::keyset::second",
    "vault::keyset::committed",
    "vault::keyset::end",
    "vault::custody::end",
    "vault::custody::ended",
];

/// What a set must still hold.
struct Known {
    party: PartyId,
    person: PersonId,
    kept: Vec<Deposit>,
}

impl Known {
    async fn make(set: &KeySet) -> Self {
        let (party, person) = (super::party(set).await, super::person(set).await);
        set.ensure_months(&[person], "2026-10").await.unwrap();
        let mut kept = Vec::new();
        for _ in 0..3 {
            kept.push(Deposit::make(set, party).await);
        }
        Self { party, person, kept }
    }

    async fn check(&self, set: &KeySet, when: &str) {
        assert!(set.party_key(self.party).await.is_ok(), "{when}");
        assert!(set.person_key(self.person).await.is_ok(), "{when}");
        assert!(set.personal_key(self.person, "2026-10").await.is_ok(), "{when}");
        for deposit in &self.kept {
            assert!(deposit.lives(set).await, "{when}");
        }
    }
}

/// A change that may be cut.
#[derive(Debug, Clone)]
enum Cut {
    Document(DocumentId),
    Version(DocumentId, VersionId),
    Month(PersonId),
    Abandon(DocumentId, VersionId),
    Erase(Vec<Slot>),
    Rotate,
}

impl Cut {
    async fn run(&self, set: &KeySet, party: PartyId) -> Result<(), Error> {
        match self {
            Self::Document(id) => set.add_document(party, *id).await,
            Self::Version(document, id) => set.add_version(*document, *id).await.map(drop),
            Self::Month(person) => set.ensure_months(&[*person], "2026-11").await,
            Self::Abandon(document, id) => set.drop_version(*document, *id).await,
            Self::Erase(slots) => set.erase(slots).await,
            Self::Rotate => set.rotate(100).await.map(drop),
        }
    }

    /// Whether it can be seen to have been done; a rotation cannot.
    async fn done(&self, set: &KeySet) -> Option<bool> {
        Some(match self {
            Self::Document(id) => set.document_key(*id).await.is_ok(),
            Self::Version(document, id) => set.file_key(*document, *id).await.is_ok(),
            Self::Month(person) => set.personal_key(*person, "2026-11").await.is_ok(),
            Self::Abandon(document, id) => set.file_key(*document, *id).await.is_err(),
            Self::Erase(slots) => {
                let [Slot::Document(document), Slot::Person(person)] = slots[..] else {
                    panic!("what these tests erase")
                };
                let document = set.document_key(document).await.is_err();
                let person = set.person_key(person).await.is_err();
                assert_eq!(document, person, "both or neither");
                document
            }
            Self::Rotate => return None,
        })
    }
}

fn set_step(step: &str) {
    fail::cfg(step, "return").unwrap();
}

/// The ways in which a set may be asked to change.
async fn cuts(set: &KeySet, known: &Known) -> Vec<Cut> {
    let abandoned = VersionId::random();
    set.add_version(known.kept[0].document, abandoned).await.unwrap();
    let doomed = Deposit::make(set, known.party).await;
    let person = super::person(set).await;
    vec![
        Cut::Document(DocumentId::random()),
        Cut::Version(known.kept[1].document, VersionId::random()),
        Cut::Month(known.person),
        Cut::Abandon(known.kept[0].document, abandoned),
        Cut::Erase(vec![Slot::Document(doomed.document), Slot::Person(person)]),
        Cut::Rotate,
    ]
}

#[tokio::test]
async fn a_change_cut_at_any_step_is_done_or_not_and_can_be_done_again() {
    let _scenario = FailScenario::setup();
    let mut reached = 0;
    for (step, change) in STEPS.iter().flat_map(|step| (0..6).map(move |change| (step, change))) {
        let (instance, set) = Instance::create().await;
        let _within = within(instance.folder.path());
        let known = Known::make(&set).await;
        let cut = cuts(&set, &known).await.swap_remove(change);
        let when = format!("{cut:?} cut at {step}");
        let acknowledged = set.generation();

        set_step(step);
        let answer = cut.run(&set, known.party).await;
        let crash = instance.copy();
        known.check(&set, &when).await;
        fail::remove(step);
        if answer.is_ok() {
            // A change that is no turn does not come past a turn's steps.
            assert!(cut.done(&set).await.unwrap_or(true), "{when}");
            continue;
        }
        reached += 1;

        // The process goes on.
        known.check(&set, &when).await;
        cut.done(&set).await;
        match cut.run(&set, known.party).await {
            Ok(()) | Err(Error::Occupied(_)) => {}
            Err(error) => panic!("{when}: {error:?}"),
        }
        assert!(cut.done(&set).await.unwrap_or(true), "{when}");
        known.check(&set, &when).await;
        set.close().await;
        settled(&instance, &known, &cut, acknowledged, &when).await;

        // The process was killed there.
        let set = crash.open_at_least(acknowledged).await.expect(&when);
        known.check(&set, &when).await;
        cut.done(&set).await;
        match cut.run(&set, known.party).await {
            Ok(()) | Err(Error::Occupied(_)) => {}
            Err(error) => panic!("{when}: {error:?}"),
        }
        set.close().await;
        settled(&crash, &known, &cut, acknowledged, &when).await;
    }
    assert!(reached >= 4 * 4 + 2 * 10, "{reached} cuts were reached");
}

/// Opens the instance again: both places, custody and what is known agree.
async fn settled(instance: &Instance, known: &Known, cut: &Cut, generation: u64, when: &str) {
    let set = instance.open_at_least(generation).await.expect(when);
    known.check(&set, when).await;
    assert!(cut.done(&set).await.unwrap_or(true), "{when}");
    set.close().await;
    let (custody, _) = FileCustody::open(&instance.custody(), Ground::Warn).unwrap();
    assert!(!custody.turning().await.unwrap(), "{when}: one wrapping key is left");
    // The second place alone would do.
    let alone = instance.copy();
    std::fs::copy(alone.second(), alone.first()).unwrap();
    let set = alone.open_at_least(generation).await.expect(when);
    known.check(&set, when).await;
    assert!(cut.done(&set).await.unwrap_or(true), "{when}");
}

#[tokio::test]
async fn a_start_cut_while_it_finishes_a_turn_is_finished_by_the_next() {
    let _scenario = FailScenario::setup();
    for turn in STEPS {
        for start in STEPS {
            let (instance, set) = Instance::create().await;
            let _within = within(instance.folder.path());
            let known = Known::make(&set).await;
            let cut = cuts(&set, &known).await.swap_remove(4);
            let when = format!("{turn}, then {start}");
            set_step(turn);
            cut.run(&set, known.party).await.expect_err(&when);
            fail::remove(turn);
            let crash = instance.copy();

            set_step(start);
            let again = crash.open().await;
            if let Ok(set) = &again {
                known.check(set, &when).await;
                set.close().await;
            }
            fail::remove(start);
            let second = crash.copy();

            let set = second.open().await.expect(&when);
            known.check(&set, &when).await;
            cut.run(&set, known.party).await.expect(&when);
            set.close().await;
            settled(&second, &known, &cut, 0, &when).await;
        }
    }
}

#[tokio::test]
async fn an_erasure_cut_anywhere_and_finished_leaves_nothing_to_a_thief_with_older_copies() {
    let _scenario = FailScenario::setup();
    for step in STEPS {
        let (instance, set) = Instance::create().await;
        let _within = within(instance.folder.path());
        let party = super::party(&set).await;
        let erased = Deposit::make(&set, party).await;
        let slot = [Slot::Document(erased.document)];
        let yesterday = instance.copy();
        set_step(step);
        set.erase(&slot).await.expect_err(step);
        fail::remove(step);
        let crash = instance.copy();

        let today = crash.copy();
        let set = today.open().await.unwrap();
        set.erase(&slot).await.unwrap();
        set.close().await;

        // Custody as it was in the crash may hold both keys; today's holds one, and opens neither older copy's secret.
        for older in [&yesterday, &crash] {
            let (custody, _) = FileCustody::open(&today.custody(), Ground::Warn).unwrap();
            let opened = KeySet::open(Arc::new(custody), &older.first(), &older.second(), 0).await;
            if let Ok(set) = opened {
                let key = set.file_key(erased.document, erased.version).await;
                assert!(key.is_err(), "{step}: a key came back");
            }
        }
    }
}

/// A small generator, so that a failing sequence can be run again by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// A run of changes, cuts and crashes, and what must be true of it.
struct Story {
    instance: Instance,
    set: KeySet,
    party: PartyId,
    lives: Vec<Deposit>,
    /// What was asked to be erased and not acknowledged.
    doomed: Vec<Deposit>,
    erased: Vec<Deposit>,
    snapshots: Vec<Instance>,
}

impl Story {
    async fn begin() -> Self {
        let (instance, set) = Instance::create().await;
        let party = super::party(&set).await;
        let (lives, doomed, erased, snapshots) = (vec![], vec![], vec![], vec![]);
        Self { instance, set, party, lives, doomed, erased, snapshots }
    }

    async fn add(&mut self) {
        let (document, version) = (DocumentId::random(), VersionId::random());
        if self.set.add_document(self.party, document).await.is_err() {
            return;
        }
        if let Ok(key) = self.set.add_version(document, version).await {
            self.lives.push(Deposit { document, version, key });
        }
    }

    async fn erase(&mut self, which: usize) {
        if self.lives.len() < 2 {
            return;
        }
        let which = which % self.lives.len();
        self.doomed.push(self.lives.swap_remove(which));
        let slots: Vec<_> = self.doomed.iter().map(|one| Slot::Document(one.document)).collect();
        if self.set.erase(&slots).await.is_ok() {
            self.erased.append(&mut self.doomed);
        }
    }

    async fn crash(&mut self) {
        for step in STEPS {
            fail::remove(step);
        }
        let crash = self.instance.copy();
        let set = crash.open_at_least(self.set.generation()).await.unwrap();
        let left = std::mem::replace(&mut self.instance, crash);
        std::mem::replace(&mut self.set, set).close().await;
        drop(left);
    }

    async fn check(&self, seed: u64) {
        for deposit in &self.lives {
            assert!(deposit.lives(&self.set).await, "seed {seed}: lost");
        }
        for deposit in &self.erased {
            assert!(!deposit.lives(&self.set).await, "seed {seed}: back");
        }
    }

    /// Every copy ever taken, with today's custody, opens nothing that was erased.
    async fn steal(&self, seed: u64) {
        for snapshot in &self.snapshots {
            let (custody, _) = FileCustody::open(&self.instance.custody(), Ground::Warn).unwrap();
            let (first, second) = (snapshot.first(), snapshot.second());
            let Ok(set) = KeySet::open(Arc::new(custody), &first, &second, 0).await else {
                continue;
            };
            for deposit in &self.erased {
                let key = set.file_key(deposit.document, deposit.version).await;
                assert!(key.is_err(), "seed {seed}: stolen");
            }
            set.close().await;
        }
    }
}

#[tokio::test]
async fn turns_additions_and_crashes_in_any_order_lose_nothing_and_bring_nothing_back() {
    let _scenario = FailScenario::setup();
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let mut story = Story::begin().await;
        for _ in 0..30 {
            let _within = within(story.instance.folder.path());
            let step = STEPS[dice.roll(STEPS.len())];
            match dice.roll(8) {
                0..3 => story.add().await,
                3 | 4 => story.erase(dice.roll(100)).await,
                5 => set_step(step),
                6 => STEPS.iter().for_each(|step| fail::remove(*step)),
                _ if dice.roll(2) == 0 => story.snapshots.push(story.instance.copy()),
                _ => story.crash().await,
            }
            story.check(seed).await;
        }
        story.crash().await;
        story.erase(0).await;
        story.check(seed).await;
        story.set.close().await;
        story.steal(seed).await;
    }
}
