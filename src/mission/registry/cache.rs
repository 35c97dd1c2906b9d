//! Revisions that were checked and parsed, bounded by the bytes that they were stored as.

use std::{any::Any, collections::HashMap, sync::Arc, sync::RwLock};

use crate::database::{Head, Subject};

type Parsed = Arc<dyn Any + Send + Sync>;

struct Held {
    number: i64,
    digest: [u8; 32],
    parsed: Parsed,
    bytes: usize,
}

/// Two generations: what was not asked for while the young one filled is forgotten with the old
/// one.
#[derive(Default)]
struct Generations {
    young: HashMap<Subject, Held>,
    old: HashMap<Subject, Held>,
    young_bytes: usize,
}

/// The latest revision of each subject that was asked for lately.
pub(super) struct Cache {
    generations: RwLock<Generations>,
    /// Most bytes, as stored, of one generation.
    most_bytes: usize,
}

impl Cache {
    /// Holds revisions of `most_bytes` at most, as stored; parsed they take a few times that.
    pub(super) fn new(most_bytes: usize) -> Self {
        Self { generations: RwLock::default(), most_bytes: most_bytes / 2 }
    }

    /// The revision at `head`, if it is held: same subject, number and digest.
    pub(super) fn at<R: Send + Sync + 'static>(&self, head: Head) -> Option<Arc<R>> {
        let generations = self.generations.read().expect("no holder of this lock panics");
        if let Some(held) = generations.young.get(&head.subject) {
            return held.at(head);
        }
        let found = generations.old.get(&head.subject)?.at(head)?;
        drop(generations);
        let mut generations = self.generations.write().expect("no holder of this lock panics");
        if let Some(held) = generations.old.remove(&head.subject) {
            self.hold(&mut generations, head.subject, held);
        }
        Some(found)
    }

    /// Holds `parsed`, which was stored as so many bytes.
    pub(super) fn keep(&self, head: Head, parsed: Parsed, bytes: usize) {
        let mut generations = self.generations.write().expect("no holder of this lock panics");
        generations.old.remove(&head.subject);
        let held = Held { number: head.number, digest: head.digest, parsed, bytes };
        self.hold(&mut generations, head.subject, held);
    }

    fn hold(&self, generations: &mut Generations, subject: Subject, held: Held) {
        // What it is beside its bytes, so that many small ones are bounded too.
        let size = |held: &Held| held.bytes + 256;
        if generations.young_bytes + size(&held) > self.most_bytes {
            generations.old = std::mem::take(&mut generations.young);
            generations.young_bytes = 0;
        }
        generations.young_bytes += size(&held);
        if let Some(replaced) = generations.young.insert(subject, held) {
            generations.young_bytes -= size(&replaced);
        }
    }
}

impl Held {
    fn at<R: Send + Sync + 'static>(&self, head: Head) -> Option<Arc<R>> {
        let same = self.number == head.number && self.digest == head.digest;
        if same { Arc::clone(&self.parsed).downcast().ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PersonId;

    fn head(number: i64) -> Head {
        let digest = [u8::try_from(number).unwrap(); 32];
        Head { subject: PersonId::random().into(), number, digest }
    }

    #[test]
    fn only_the_same_number_and_digest_of_the_same_subject_are_found() {
        let cache = Cache::new(1 << 20);
        let held = head(3);
        cache.keep(held, Arc::new(7_u32), 100);

        assert_eq!(cache.at::<u32>(held).as_deref(), Some(&7));
        assert_eq!(cache.at::<u32>(Head { number: 2, ..held }), None);
        assert_eq!(cache.at::<u32>(Head { digest: [9; 32], ..held }), None);
        assert_eq!(cache.at::<u32>(Head { subject: PersonId::random().into(), ..held }), None);
        assert_eq!(cache.at::<u64>(held), None, "of another kind");
    }

    #[test]
    fn it_stays_within_its_bounds_and_keeps_what_is_asked_for() {
        let cache = Cache::new(20_000);
        let wanted = head(1);
        cache.keep(wanted, Arc::new(0_u32), 744);

        for number in 0..1_000_u32 {
            cache.keep(head(1), Arc::new(number), 744);
            assert!(cache.at::<u32>(wanted).is_some(), "after {number}");
        }

        let generations = cache.generations.read().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 20);
        assert!(generations.young_bytes <= 10_000);
    }
}
