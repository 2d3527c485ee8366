//! Addresses with a special meaning, in every form in which they can be written.

use std::fmt;

use super::network::{Network, mapped, v4, v6};

/// What makes an address special.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// A cloud's metadata or platform service, which hands out the machine's own credentials.
    Metadata,
    /// The operator's own pod.
    Loopback,
    /// No particular host; systems take the address for their own one.
    Unspecified,
    /// Reachable on the operator's own link only.
    LinkLocal,
    /// A group of hosts.
    Multicast,
    /// Reserved, the broadcast address among them.
    Reserved,
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => "a cloud metadata address",
            Self::Loopback => "a loopback address",
            Self::Unspecified => "an unspecified address",
            Self::LinkLocal => "a link-local address",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
        })
    }
}

/// A special meaning of an address.
pub(super) struct Meaning {
    /// The number of the address that has the meaning: the address itself, or the IPv4 address wrapped in it.
    pub(super) number: u128,
    pub(super) kind: AddressKind,
    /// All addresses with this meaning.
    pub(super) range: Network,
}

/// Returns the special meanings of an address and of every IPv4 address wrapped in it.
pub(super) fn meanings(number: u128) -> impl Iterator<Item = Meaning> {
    equivalents(number).filter_map(|number| {
        let special = SPECIAL.iter().find(|special| special.range.contains(number))?;
        Some(Meaning { number, kind: special.kind, range: special.range })
    })
}

/// A range of addresses with one meaning.
struct Special {
    kind: AddressKind,
    range: Network,
}

const fn special(kind: AddressKind, range: Network) -> Special {
    Special { kind, range }
}

/// The special ranges; of two that overlap the narrower one is first.
const SPECIAL: [Special; 17] = [
    // AWS, GCP, Azure, OpenStack and most others; then Alibaba, Azure's wire server, Oracle.
    special(AddressKind::Metadata, v4([169, 254, 169, 254], 32)),
    special(AddressKind::Metadata, v4([100, 100, 100, 200], 32)),
    special(AddressKind::Metadata, v4([168, 63, 129, 16], 32)),
    special(AddressKind::Metadata, v4([192, 0, 0, 192], 32)),
    // AWS (its pod identity agent too), GCP.
    special(AddressKind::Metadata, v6(0xfd00_0ec2 << 96, 32)),
    special(AddressKind::Metadata, v6((0xfd20_00ce << 96) | 0x254, 128)),
    special(AddressKind::Loopback, v4([127, 0, 0, 0], 8)),
    special(AddressKind::Loopback, v6(1, 128)),
    special(AddressKind::Unspecified, v4([0, 0, 0, 0], 8)),
    special(AddressKind::Unspecified, v6(0, 128)),
    special(AddressKind::LinkLocal, v4([169, 254, 0, 0], 16)),
    special(AddressKind::LinkLocal, v6(0xfe80 << 112, 10)),
    special(AddressKind::LinkLocal, v6(0xfec0 << 112, 10)),
    special(AddressKind::Multicast, v4([224, 0, 0, 0], 4)),
    special(AddressKind::Multicast, v6(0xff00 << 112, 8)),
    special(AddressKind::Reserved, v4([240, 0, 0, 0], 4)),
    special(AddressKind::Reserved, v6(0x0100 << 112, 64)),
];

/// Returns an address and every IPv4 address that some network would take it for.
fn equivalents(number: u128) -> impl Iterator<Item = u128> {
    let top = |bits: u32| number >> (128 - bits);
    let low = u32::try_from(number & u128::from(u32::MAX)).unwrap_or_default();
    let part = |from: u32| u32::try_from((number >> from) & u128::from(u32::MAX)).unwrap_or_default();
    let bits_48_to_88 = u32::try_from(((number >> 48) & 0xffff_0000) | ((number >> 40) & 0xffff)).unwrap_or_default();
    let wrapped = [
        // IPv4-compatible. A number that begins with 0 is an IPv6 address in its own right (`::1`).
        (top(96) == 0 && low >> 24 != 0).then_some(low),
        // NAT64, its well-known prefix and its local one. The local prefix has two layouts (RFC 6052, 8215); in the
        // layout that an address does not use, the number begins with 0.
        (top(96) == 0x0064_ff9b << 64).then_some(low),
        (top(48) == 0x0064_ff9b_0001 && low >> 24 != 0).then_some(low),
        (top(48) == 0x0064_ff9b_0001 && bits_48_to_88 >> 24 != 0).then_some(bits_48_to_88),
        // 6to4, Teredo, ISATAP.
        (top(16) == 0x2002).then_some(part(80)),
        (top(32) == 0x2001_0000).then_some(!low),
        (part(32) & 0xfdff_ffff == 0x5efe).then_some(low),
    ];
    std::iter::once(number).chain(wrapped.into_iter().flatten().map(mapped))
}
