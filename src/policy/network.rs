//! Declared networks: an address prefix in CIDR notation.

use std::net::IpAddr;

use crate::mission::Network;

/// How `networks` calls the one that holds `address`, the longest prefix first; an invalid prefix holds nothing.
pub(super) fn name_of(networks: &[Network], address: IpAddr) -> Option<&str> {
    networks
        .iter()
        .filter_map(|network| Some((length_if_holds(&network.prefix, address)?, network)))
        .max_by_key(|(length, _)| *length)
        .map(|(_, network)| network.name.as_str())
}

fn length_if_holds(prefix: &str, address: IpAddr) -> Option<u8> {
    let (base, length) = prefix.split_once('/')?;
    let length: u8 = length.parse().ok()?;
    let same = |left: u128, right: u128, width: u8| {
        let shift = u32::from(width.checked_sub(length)?);
        let cut = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
        (cut(left) == cut(right)).then_some(length)
    };
    match (base.parse().ok()?, address.to_canonical()) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            same(u128::from(base.to_bits()), u128::from(address.to_bits()), 32)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => same(base.to_bits(), address.to_bits(), 128),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(prefixes: &[&str]) -> Vec<Network> {
        let network = |prefix: &&str| Network { name: (*prefix).into(), prefix: (*prefix).into() };
        prefixes.iter().map(network).collect()
    }

    #[test]
    fn an_address_is_in_the_narrowest_network_that_holds_it() {
        let declared = networks(&["192.0.2.0/24", "192.0.2.128/25", "2001:db8::/32", "0.0.0.0/0"]);

        let name = |address: &str| name_of(&declared, address.parse().unwrap()).map(str::to_owned);

        assert_eq!(name("192.0.2.1").as_deref(), Some("192.0.2.0/24"));
        assert_eq!(name("192.0.2.200").as_deref(), Some("192.0.2.128/25"));
        assert_eq!(name("::ffff:192.0.2.1").as_deref(), Some("192.0.2.0/24"));
        assert_eq!(name("198.51.100.1").as_deref(), Some("0.0.0.0/0"));
        assert_eq!(name("2001:db8:1::1").as_deref(), Some("2001:db8::/32"));
        assert_eq!(name("2001:db9::1"), None);
    }

    #[test]
    fn what_is_no_prefix_holds_nothing() {
        let declared = networks(&["192.0.2.0", "192.0.2.0/33", "here/8", "/", "192.0.2.0/-1"]);

        assert_eq!(name_of(&declared, "192.0.2.1".parse().unwrap()), None);
    }
}
