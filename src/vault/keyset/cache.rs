//! A bounded memory of what was opened lately. Secrets wipe themselves when they leave it.

use std::{collections::HashMap, hash::Hash};

/// At most `limit` values: those asked for since the last half was filled survive.
pub(super) struct Cache<K, V> {
    recent: HashMap<K, V>,
    older: HashMap<K, V>,
    limit: usize,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    pub(super) fn new(limit: usize) -> Self {
        Self { recent: HashMap::new(), older: HashMap::new(), limit }
    }

    pub(super) fn find(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.recent.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.older.remove_entry(key)?;
        self.insert(key, value.clone());
        Some(value)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.recent.len() >= self.limit / 2 {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.recent.remove(key);
        self.older.remove(key);
    }

    pub(super) fn clear(&mut self) {
        self.recent.clear();
        self.older.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_keeps_what_is_asked_for_and_never_more_than_its_limit() {
        let mut cache = Cache::new(8);
        for number in 0..100 {
            cache.insert(number, number);
            assert_eq!(cache.find(&0), Some(0), "asked for at {number}");
            assert!(cache.recent.len() + cache.older.len() <= 8);
        }

        assert_eq!(cache.find(&1), None);
        cache.remove(&0);
        assert_eq!(cache.find(&0), None);
        cache.clear();
        assert_eq!(cache.find(&99), None);
    }
}
