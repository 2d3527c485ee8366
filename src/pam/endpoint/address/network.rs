//! Ranges of addresses, with IPv4 and IPv6 in one space of numbers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses, as numbers. An IPv4 address has the number of its IPv4-mapped IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    first: u128,
    last: u128,
}

impl Network {
    /// Returns the range of one address.
    pub(super) const fn of(address: IpAddr) -> Self {
        let number = number_of(address);
        Self { first: number, last: number }
    }

    /// Returns the range of a prefix; `None` if the address has fewer bits than `length`.
    pub(super) const fn new(address: IpAddr, length: u8) -> Option<Self> {
        let length = match address {
            IpAddr::V4(_) if length <= 32 => length + 96,
            IpAddr::V6(_) if length <= 128 => length,
            _ => return None,
        };
        // A length of 0 needs a branch of its own: a shift by all 128 bits overflows.
        let host_bits = if length == 0 { u128::MAX } else { (1 << (128 - length)) - 1 };
        let number = number_of(address);
        Some(Self { first: number & !host_bits, last: number | host_bits })
    }

    /// Returns true if the number is in the range.
    pub(super) const fn contains(&self, number: u128) -> bool {
        self.first <= number && number <= self.last
    }

    /// Returns true if all of `other` is in the range.
    pub(super) const fn covers(&self, other: &Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }
}

/// Returns the number of an address.
pub(super) const fn number_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => mapped(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Returns the number of an IPv4 address: the one of its IPv4-mapped IPv6 address.
pub(super) const fn mapped(v4: u32) -> u128 {
    0xffff_0000_0000 | v4 as u128
}

/// Returns a range of IPv4 addresses, for constants.
pub(super) const fn v4(address: [u8; 4], length: u8) -> Network {
    let [a, b, c, d] = address;
    match Network::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length) {
        Some(network) => network,
        None => panic!("a length within bounds"),
    }
}

/// Returns a range of IPv6 addresses, for constants.
pub(super) const fn v6(bits: u128, length: u8) -> Network {
    match Network::new(IpAddr::V6(Ipv6Addr::from_bits(bits)), length) {
        Some(network) => network,
        None => panic!("a length within bounds"),
    }
}
