//! Paths, growth, and what a tile gives.

use std::collections::HashMap;

use proptest::{prop_assert_eq, proptest};

use crate::audit::{
    merkle::{Frontier, Hash, Node, Plan},
    tile::{Error, FULL, Level, Tile, hashes, root},
    vectors::{decimal_leaves, vectors},
};

/// The bytes of a tile, from a tree's nodes.
fn bytes(tile: Tile, nodes: &HashMap<Node, Hash>) -> Vec<u8> {
    let Level::Hashes(level) = tile.level else { panic!("a tile of hashes") };
    let first = tile.index * 256;
    let node = |index| nodes[&Node { level: level * 8, index }].0;
    (first..first + u64::from(tile.width)).flat_map(node).collect()
}

fn tree(size: u64) -> HashMap<Node, Hash> {
    let (mut nodes, mut frontier) = (HashMap::new(), Frontier::default());
    for leaf in decimal_leaves(size) {
        frontier.append_each(leaf, |node, hash| _ = nodes.insert(node, hash));
    }
    nodes
}

#[test]
fn the_published_paths_are_ours() {
    for (index, path) in vectors()["tile_paths"].as_object().unwrap() {
        let path = path.as_str().unwrap();
        let tile = |level, width| Tile { level, index: index.parse().unwrap(), width };
        for (tile, written) in [
            (tile(Level::Hashes(0), 256), format!("tile/0/{path}")),
            (tile(Level::Hashes(15), 41), format!("tile/15/{path}.p/41")),
            (tile(Level::Entries, 1), format!("tile/entries/{path}.p/1")),
        ] {
            assert_eq!(tile.to_string(), written);
            assert_eq!(written.parse(), Ok(tile));
        }
    }
    let last = "tile/63/x999/x999/x999/x999/x999/999.p/255";
    assert_eq!(last.parse::<Tile>().unwrap().index, 999_999_999_999_999_999);
}

#[test]
fn another_spelling_of_a_path_is_refused() {
    for path in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/001/",
        "/tile/0/001",
        "tile/0/x001",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x1/002",
        "tile/0/x01/002",
        "tile/0/x0001/002",
        "tile/0/x001/x002",
        "tile/00/001",
        "tile/+1/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/8/0/001",
        "tile/0/+01",
        "tile/0/0x1",
        "tile/0/001.p",
        "tile/0/001.p/",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/0/001.p/+1",
        "tile/0/001.p/1/",
        "tile/data/001",
        "tile/Entries/001",
        "tile/entries/../001",
        "tile/0/xx01/002",
        "tile/0/\u{661}\u{661}\u{661}",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(path.parse::<Tile>(), Err(Error::NotAPath), "{path}");
    }
}

#[test]
fn growth_writes_what_the_standard_says() {
    let written = |old, new| -> Vec<String> {
        let hashes = |tile: &Tile| tile.level != Level::Entries;
        Tile::written(old, new).iter().filter(|tile| hashes(tile)).map(Tile::to_string).collect()
    };
    let edge = |size| -> Vec<_> { Tile::edge(size).iter().map(Tile::to_string).collect() };

    assert_eq!(written(0, 256), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(written(0, 1), ["tile/0/000.p/1"]);
    assert_eq!(written(255, 257), ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
    assert_eq!(written(256, 257), ["tile/0/001.p/1"]);
    assert_eq!(written(5, 5), [""; 0]);
    let all = written(0, 70_000);
    assert_eq!(all.len(), 274 + 2 + 1);
    assert_eq!((&all[272][..], &all[273][..]), ("tile/0/272", "tile/0/273.p/112"));
    assert_eq!(all[274..], ["tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]);
    assert_eq!(edge(70_000), ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    assert_eq!(edge(65_536), ["tile/2/000.p/1"]);
    let bundles: Vec<_> = Tile::written(250, 600)
        .iter()
        .filter(|tile| tile.level == Level::Entries)
        .map(Tile::to_string)
        .collect();
    assert_eq!(bundles, ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"]);
}

#[test]
fn every_node_of_a_tree_is_found_in_its_tiles() {
    let size = 70_000;
    let nodes = tree(size);
    let tile = bytes("tile/0/000".parse().unwrap(), &nodes);
    let digest = ring::digest::digest(&ring::digest::SHA256, &tile);
    let published = "b9704a8bfbee2c61185ceb38904a49f3f703c81e194b5b2ccdc254c2bdaaa62b";
    assert_eq!(hex::encode(digest), published);

    for (node, hash) in nodes.iter().filter(|(node, _)| node.level > 7 || node.index % 97 == 0) {
        let tile = Tile::holding(*node, size).unwrap();
        assert_eq!(tile.node(&bytes(tile, &nodes), *node), Ok(*hash), "{node:?}");
    }
    for plan in [Plan::root(size), Plan::inclusion(69_999, size).unwrap()] {
        for node in plan.nodes() {
            assert!(nodes.contains_key(&node) && Tile::holding(node, size).is_ok());
        }
    }
}

#[test]
fn a_tile_gives_nothing_that_it_does_not_hold() {
    let nodes = tree(300);
    let tile: Tile = "tile/0/001.p/44".parse().unwrap();
    let good = bytes(tile, &nodes);
    let wrong = |found| Err(Error::WrongLength { width: 44, found });
    let at = |level, index| Node { level, index };

    assert_eq!(tile.node(&good, at(0, 256)), Ok(nodes[&at(0, 256)]));
    for node in [at(0, 300), at(0, 255), at(0, 512), at(5, 9), at(8, 1), at(7, 2)] {
        assert_eq!(tile.node(&good, node), Err(Error::Elsewhere), "{node:?}");
    }
    assert_eq!(tile.node(&good[..good.len() - 1], at(0, 256)), wrong(44 * 32 - 1));
    assert_eq!(tile.node(&[], at(0, 256)), wrong(0));
    assert_eq!(tile.node(&[good, vec![0; 32]].concat(), at(0, 256)), wrong(45 * 32));
    for node in [at(0, 300), at(8, 1), at(9, 0), at(62, 1), at(7, u64::MAX), at(255, 0)] {
        assert_eq!(Tile::holding(node, 300), Err(Error::Elsewhere), "{node:?}");
    }
    let entries = Tile { level: Level::Entries, ..tile };
    assert_eq!(entries.node(&bytes(tile, &nodes), at(0, 256)), Err(Error::Elsewhere));
}

#[test]
fn a_full_tile_is_named_by_the_hash_of_its_node() {
    let nodes = tree(600);
    let tile: Tile = "tile/0/001".parse().unwrap();

    let hashes = hashes(&bytes(tile, &nodes), 256).unwrap();

    assert_eq!(root(&hashes), nodes[&Node { level: 8, index: 1 }]);
    assert_eq!(tile, "tile/0/001.p/5".parse::<Tile>().unwrap().full());
}

proptest! {
    #[test]
    fn any_path_is_read_or_refused(path in "\\PC{0,20}|tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,6}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn what_is_written_is_read(
        level in 0..64u8, entries: bool, index in 0..=i64::MAX as u64, width in 1..=256u16,
    ) {
        let level = if entries { Level::Entries } else { Level::Hashes(level) };
        let tile = Tile { level, index, width };

        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
    }

    #[test]
    fn growth_in_two_steps_writes_the_same_full_tiles(a in 0..200_000u64, b in 0..2_000u64, c in 0..2_000u64) {
        let full = |tiles: Vec<Tile>| tiles.into_iter().filter(|tile| tile.width == FULL);
        let mut steps: Vec<_> =
            full(Tile::written(a, a + b)).chain(full(Tile::written(a + b, a + b + c))).collect();
        steps.sort_unstable();
        let mut once: Vec<_> = full(Tile::written(a, a + b + c)).collect();
        once.sort_unstable();

        prop_assert_eq!(steps, once);
    }
}
