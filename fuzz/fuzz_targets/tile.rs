//! Paths of tiles, as clients ask for them: each has one spelling.
#![no_main]

use greffe::audit::tile::Tile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|path: &str| {
    if let Ok(tile) = path.parse::<Tile>() {
        assert_eq!(tile.to_string(), path);
        assert!((1..=256).contains(&tile.width));
    }
});
