//! Tiles: the tree's hashes, 256 adjacent ones of each eighth level to a file (c2sp.org/tlog-tiles).
//!
//! Paths are without `tile/8/`, which Go's checksum database has. Entry bundles are named alike, see
//! [`crate::audit::bundle`].

use std::{fmt, str::FromStr};

use crate::audit::{
    encoding,
    merkle::{self, Hash, Node},
};

/// Hashes of a full tile, entries of a full bundle.
pub const FULL: u16 = 256;

/// What is wrong with a tile or its path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not `tile/<level>/<index>[.p/<width>]`, or not spelt in the one way.
    #[error("not the path of a tile or an entry bundle")]
    NotAPath,
    /// Not 32 bytes for each hash.
    #[error("a tile of {width} hashes has {} bytes, not {found}", u32::from(*.width) * 32)]
    WrongLength {
        /// How many hashes it should have.
        width: u16,
        /// How many bytes it has.
        found: usize,
    },
    /// The tile does not hold the subtree that was asked for.
    #[error("the tile does not hold the subtree")]
    Elsewhere,
}

/// Which row of tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Entry bundles.
    Entries,
    /// Hashes of subtrees of 256^L entries; L is at most 63.
    Hashes(u8),
}

/// One tile or bundle: which, and how many of its 256 places are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Its row.
    pub level: Level,
    /// Which one of its row, from the left.
    pub index: u64,
    /// 1 to 256; 256 is a full one.
    pub width: u16,
}

impl Tile {
    /// The tile of hashes in which a tree of `size` entries keeps what gives the hash of `node`.
    ///
    /// # Errors
    ///
    /// [`Error::Elsewhere`] if such a tree has no such node.
    pub fn holding(node: Node, size: u64) -> Result<Self, Error> {
        let level = node.level / 8;
        let first = Self::first_hash(node).ok_or(Error::Elsewhere)?;
        let (index, count) = (first / 256, count(size, level));
        let end = first + (1 << (node.level % 8));
        if end > count {
            return Err(Error::Elsewhere);
        }
        Ok(Self { level: Level::Hashes(level), index, width: width(count, index) })
    }

    /// The tiles and bundles that a tree needs when it grows from `old` to `new` entries, bundles first.
    #[must_use]
    pub fn written(old: u64, new: u64) -> Vec<Self> {
        let mut tiles = Vec::new();
        let mut row = |level, before: u64, after: u64| {
            if after > before {
                let tile = |index| Self { level, index, width: width(after, index) };
                tiles.extend((before / 256..=(after - 1) / 256).map(tile));
            }
        };
        row(Level::Entries, old, new);
        for level in 0..8 {
            row(Level::Hashes(level), count(old, level), count(new, level));
        }
        tiles
    }

    /// The tiles of hashes at the right edge of a tree of `size` entries that are not full, from level 0.
    #[must_use]
    pub fn edge(size: u64) -> Vec<Self> {
        let partial = |level| {
            let count = count(size, level);
            let width = (count % 256) as u16;
            (width != 0).then_some(Self { level: Level::Hashes(level), index: count / 256, width })
        };
        (0..8).filter_map(partial).collect()
    }

    /// The full tile or bundle that will replace this one.
    #[must_use]
    pub fn full(self) -> Self {
        Self { width: FULL, ..self }
    }

    /// The hash of `node`, from this tile's bytes.
    ///
    /// # Errors
    ///
    /// [`Error::WrongLength`], or [`Error::Elsewhere`] if this tile does not hold the node.
    pub fn node(&self, bytes: &[u8], node: Node) -> Result<Hash, Error> {
        let hashes = hashes(bytes, self.width)?;
        let first = Self::first_hash(node).ok_or(Error::Elsewhere)?;
        let start = first % 256;
        let range = start as usize..start as usize + (1 << (node.level % 8));
        let here = self.level == Level::Hashes(node.level / 8) && self.index == first / 256;
        let hashes = hashes.get(range).filter(|_| here).ok_or(Error::Elsewhere)?;
        Ok(root(hashes))
    }

    /// Which hash of its tile level is the first below `node`.
    fn first_hash(node: Node) -> Option<u64> {
        node.index.checked_mul(1 << (node.level % 8)).filter(|first| *first < 1 << 63)
    }
}

/// The hashes of a tile.
///
/// # Errors
///
/// [`Error::WrongLength`] unless there are `width` of them.
pub fn hashes(bytes: &[u8], width: u16) -> Result<Vec<Hash>, Error> {
    match bytes.as_chunks::<32>() {
        (hashes, []) if hashes.len() == usize::from(width) => {
            Ok(hashes.iter().copied().map(Hash).collect())
        }
        _ => Err(Error::WrongLength { width, found: bytes.len() }),
    }
}

/// The root over a tile's hashes, by which the store names it: the hash of a node if it is full.
#[must_use]
pub fn root(hashes: &[Hash]) -> Hash {
    merkle::root(hashes.iter().copied())
}

/// How many subtrees of 256^level entries a tree of `size` has.
fn count(size: u64, level: u8) -> u64 {
    size.checked_shr(8 * u32::from(level)).unwrap_or(0)
}

/// How many places of tile `index` are filled where its row has `count` hashes.
fn width(count: u64, index: u64) -> u16 {
    (count - index * 256).min(256) as u16
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Level::Entries => f.write_str("tile/entries/")?,
            Level::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let mut groups = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        groups.reverse();
        f.write_str(&groups.join("/"))?;
        if self.width < FULL { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for Tile {
    type Err = Error;

    /// Reads a path as [`Tile`] is written; every other spelling is refused.
    fn from_str(path: &str) -> Result<Self, Error> {
        read_path(path).filter(|tile| tile.to_string() == path).ok_or(Error::NotAPath)
    }
}

fn read_path(path: &str) -> Option<Tile> {
    let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let level = match level {
        "entries" => Level::Entries,
        level => Level::Hashes(level.parse().ok().filter(|level| *level < 64)?),
    };
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => {
            (index, width.parse().ok().filter(|width| (1..256).contains(width))?)
        }
        None => (rest, FULL),
    };
    // Their form is checked by writing the path again.
    let index = encoding::from_decimal(&trim(index))?;
    Some(Tile { level, index, width })
}

/// The digits of a path's groups, without zeros in front.
fn trim(groups: &str) -> String {
    let digits: String = groups.chars().filter(|char| !matches!(char, 'x' | '/')).collect();
    match digits.trim_start_matches('0') {
        "" if !digits.is_empty() => "0".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests;
