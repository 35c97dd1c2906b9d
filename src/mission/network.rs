//! Address prefixes, as parties declare their networks.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::mission::Network;

/// What was given is no prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPrefix {
    /// Not an address, a slash and a length.
    #[error("a network is an address, a slash and a length, e.g. 192.0.2.0/24 or 2001:db8::/32")]
    Form,
    /// Bits stand behind the prefix, so that it is not clear which network is meant.
    #[error("bits stand behind the prefix: did you mean {0}?")]
    Bits(Prefix),
    /// It would declare (nearly) everybody's address.
    #[error("too wide for one party's network: at least /8 for IPv4, /16 for IPv6")]
    TooWide,
}

/// A network: the addresses whose first bits are these. RFC 4632 section 3.1, RFC 4291 section 2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

impl Prefix {
    /// Whether `address` lies in this network. An IPv4 address written as IPv6 (`::ffff:192.0.2.1`)
    /// is the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.length) == self.address
    }

    /// How many bits are fixed.
    #[must_use]
    pub fn length(&self) -> u8 {
        self.length
    }
}

impl FromStr for Prefix {
    type Err = NotAPrefix;

    fn from_str(text: &str) -> Result<Self, NotAPrefix> {
        let (address, length) = text.split_once('/').ok_or(NotAPrefix::Form)?;
        let address: IpAddr = address.parse().map_err(|_| NotAPrefix::Form)?;
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAPrefix::Form);
        }
        let length: u8 = length.parse().map_err(|_| NotAPrefix::Form)?;
        let (narrowest, widest) = if address.is_ipv4() { (32, 8) } else { (128, 16) };
        if length > narrowest {
            return Err(NotAPrefix::Form);
        }
        if length < widest {
            return Err(NotAPrefix::TooWide);
        }
        let prefix = Self { address: masked(address, length), length };
        if prefix.address == address { Ok(prefix) } else { Err(NotAPrefix::Bits(prefix)) }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// The name of the narrowest of `networks` in which `address` lies.
#[must_use]
pub fn network_of(networks: &[Network], address: IpAddr) -> Option<&str> {
    let matching = networks.iter().filter_map(|network| {
        let prefix: Prefix = network.prefix.parse().ok()?;
        prefix.contains(address).then_some((prefix.length(), network.name.as_str()))
    });
    matching.max_by_key(|(length, _)| *length).map(|(_, name)| name)
}

fn masked(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let v4: Prefix = "192.0.2.0/24".parse().unwrap();
        let v6: Prefix = "2001:db8::/32".parse().unwrap();
        let one: Prefix = "203.0.113.7/32".parse().unwrap();

        assert!(v4.contains(address("192.0.2.255")));
        assert!(v4.contains(address("::ffff:192.0.2.1")));
        assert!(!v4.contains(address("192.0.3.0")));
        assert!(!v4.contains(address("2001:db8::1")));
        assert!(v6.contains(address("2001:db8:ffff::")));
        assert!(!v6.contains(address("2001:db9::")));
        assert!(one.contains(address("203.0.113.7")) && !one.contains(address("203.0.113.6")));
    }

    #[test]
    fn what_is_no_network_says_what_to_write() {
        for text in ["192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/+24", "a/8", "::/129"] {
            assert_eq!(text.parse::<Prefix>(), Err(NotAPrefix::Form), "{text}");
        }
        for text in ["0.0.0.0/0", "::/0", "10.0.0.0/7"] {
            assert_eq!(text.parse::<Prefix>(), Err(NotAPrefix::TooWide), "{text}");
        }
        let error = "192.0.2.1/24".parse::<Prefix>().unwrap_err();
        assert_eq!(error.to_string(), "bits stand behind the prefix: did you mean 192.0.2.0/24?");
    }

    #[test]
    fn the_narrowest_network_gives_its_name() {
        let network =
            |name: &str, prefix: &str| Network { name: name.into(), prefix: prefix.into() };
        let networks = [network("group", "10.0.0.0/8"), network("vault room", "10.1.2.0/24")];

        assert_eq!(network_of(&networks, address("10.1.2.3")), Some("vault room"));
        assert_eq!(network_of(&networks, address("10.9.9.9")), Some("group"));
        assert_eq!(network_of(&networks, address("192.0.2.1")), None);
    }
}
