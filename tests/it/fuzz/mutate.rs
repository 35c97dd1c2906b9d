//! Inputs that are almost well formed: the same ones on every machine.

/// Numbers, texts and bytes at which parsers stumble.
const ODD: [&[u8]; 24] = [
    b"",
    b"\0",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b"-1",
    b"0",
    b"00",
    b"255",
    b"256",
    b"65536",
    b"4294967296",
    b"9223372036854775807",
    b"18446744073709551616",
    b"1e999",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xc3\x28",
    "\u{202e}".as_bytes(),
    "\u{e9}".as_bytes(),
    b"\"",
    b"\\",
    b"=",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];
/// Longest that an input grows.
const LONGEST: usize = 64 * 1024;

/// A generator of numbers that nobody needs to be secret (splitmix64).
pub struct Random(u64);

impl Random {
    /// The one of this name.
    pub fn of(name: &str) -> Self {
        // FNV-1a.
        let mixed = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(mixed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`; zero if that is zero.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.next() % bound).unwrap()
    }

    pub fn pick<'p, T>(&mut self, from: &'p [T]) -> &'p T {
        &from[self.below(from.len())]
    }

    /// One of the seeds, changed in one place or a few.
    pub fn mutated(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.pick(seeds).clone();
        for _ in 0..=self.below(4) {
            let other = self.pick(seeds);
            self.change(&mut bytes, other);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(bytes.len());
        let (from, to) = self.span(bytes.len());
        match self.below(9) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
            1 if !bytes.is_empty() => bytes[at] = self.next().to_be_bytes()[0],
            2 => drop(bytes.drain(from..to)),
            3 => bytes.truncate(at),
            4 => insert(bytes, at, self.pick::<&[u8]>(&ODD)),
            5 => drop(bytes.splice(from..to, self.pick::<&[u8]>(&ODD).iter().copied())),
            6 => {
                let again = bytes[from..to].to_vec();
                insert(bytes, at, &again);
            }
            7 => {
                let (from, to) = self.span(other.len());
                insert(bytes, at, &other[from..to]);
            }
            _ if bytes.is_empty() => {}
            _ => {
                let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
                let line = self.pick(&lines).to_vec();
                insert(bytes, at, &line);
            }
        }
    }

    /// Some bytes of so many: mostly few.
    fn span(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length);
        let most = if self.below(4) == 0 { length - from } else { (length - from).min(16) };
        (from, from + self.below(most + 1))
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, other: &[u8]) {
    drop(bytes.splice(at..at, other.iter().copied()));
}

#[test]
fn the_same_inputs_are_made_each_time() {
    let seeds = [b"one\ntwo\n".to_vec(), b"three".to_vec()];
    let inputs = |name: &str| {
        let mut random = Random::of(name);
        (0..200).map(|_| random.mutated(&seeds)).collect::<Vec<_>>()
    };

    let made = inputs("a");

    assert_eq!(made, inputs("a"));
    assert_ne!(made, inputs("b"));
    let mut different = made.clone();
    different.sort();
    different.dedup();
    assert!(different.len() > 150, "{}", different.len());
}
