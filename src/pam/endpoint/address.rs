//! Where a tenant's connection may lead: a pure check of hosts and addresses.
//!
//! Whoever writes such a connection chooses where the *operator* connects to, from the operator's place in the
//! network. So its host must be on a list that the operator's owner keeps, and whatever the host resolves to, an
//! address with a special meaning (this machine, its link, a cloud's metadata service) is refused unless that list
//! names it. Spellings do not matter: [`url::Url`] has read decimal, octal, hexadecimal, shortened, percent-encoded
//! and full-width numbers as addresses before, and an IPv4 address that is wrapped into an IPv6 one is unwrapped here.
//!
//! Private addresses are ordinary ones: that is where most PAMs are.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

use super::EndpointError;

/// Where a connection may lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Anywhere: the connection was written by the operator's owner.
    #[default]
    Any,
    /// To listed hosts only, and to special addresses only if they are listed themselves.
    Checked {
        /// The list.
        allowed_hosts: AllowedHosts,
    },
}

/// The hosts that tenants' connections may lead to. Empty by default: none.
///
/// Each entry is one of
/// - a name: `pam.example.com`;
/// - a pattern, whose `*` stands in the first label only: `*.example.com` is every name below `example.com` at any
///   depth, `pam-*.example.com` stays within the label, `*` alone is every name;
/// - an address or network: `10.0.0.7`, `10.0.0.0/8`, `fd12::/16`. It permits URLs that hold such an address. It lifts
///   the refusal of special addresses only if all of it is special in that way: `127.0.0.1` and `127.0.0.0/8` permit
///   the loopback, `0.0.0.0/0` does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    names: Vec<Pattern>,
    networks: Vec<Network>,
}

/// An entry that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an allowed host: {0:?}: give a name (pam.example.com), a pattern whose \"*\" is in the first label \
     (*.example.com), an address (10.0.0.7) or a network (10.0.0.0/8), without scheme and port"
)]
pub struct AllowedHostError(String);

/// What makes an address special.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// A cloud's metadata or platform service, which hands out the machine's own credentials.
    Metadata,
    /// The operator's own pod.
    Loopback,
    /// No particular host; systems take it for the own one.
    Unspecified,
    /// Reachable on the operator's own link only.
    LinkLocal,
    /// A group of hosts.
    Multicast,
    /// Reserved, the broadcast address among them.
    Reserved,
}

impl AddressPolicy {
    /// Whether a connection to this URL may be made at all, by what can be said without resolving its host.
    pub fn check_url(&self, url: &url::Url) -> Result<(), EndpointError> {
        self.check_host(&url.host().ok_or(EndpointError::NotHttps)?)
    }

    /// Whether a URL with this host may be used at all. A name is to be checked again when it is resolved.
    pub(in crate::pam) fn check_host(&self, host: &Host<&str>) -> Result<(), EndpointError> {
        let Self::Checked { allowed_hosts } = self else {
            return Ok(());
        };
        match *host {
            Host::Domain(name) if allowed_hosts.names_host(name) => Ok(()),
            Host::Domain(_) => Err(EndpointError::HostNotAllowed),
            Host::Ipv4(address) => allowed_hosts.check_literal(address.into()),
            Host::Ipv6(address) => allowed_hosts.check_literal(address.into()),
        }
    }

    /// Whether an address that a permitted name resolved to may be connected to.
    pub(in crate::pam) fn check_address(&self, address: IpAddr) -> Result<(), AddressKind> {
        match self {
            Self::Any => Ok(()),
            Self::Checked { allowed_hosts } => allowed_hosts.check_address(address),
        }
    }
}

impl AllowedHosts {
    /// Reads the entries; empty ones are passed over.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, AllowedHostError> {
        let mut hosts = Self::default();
        for entry in entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty()) {
            hosts.add(entry).ok_or_else(|| AllowedHostError(entry.to_owned()))?;
        }
        Ok(hosts)
    }

    /// True if nothing is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.networks.is_empty()
    }

    fn add(&mut self, entry: &str) -> Option<()> {
        if let Some((address, length)) = entry.split_once('/') {
            self.networks.push(Network::new(address.parse().ok()?, length.parse().ok()?)?);
        } else if let Ok(address) = entry.parse() {
            self.networks.push(Network::of(address));
        } else if entry.contains('*') {
            self.names.push(Pattern::parse(entry)?);
        } else {
            match Host::parse(entry).ok()? {
                Host::Domain(name) => self.names.push(Pattern::Name(without_dot(&name)?.to_owned())),
                Host::Ipv4(address) => self.networks.push(Network::of(address.into())),
                Host::Ipv6(address) => self.networks.push(Network::of(address.into())),
            }
        }
        Some(())
    }

    fn names_host(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        without_dot(&name).is_some_and(|name| self.names.iter().any(|pattern| pattern.matches(name)))
    }

    fn check_literal(&self, address: IpAddr) -> Result<(), EndpointError> {
        let number = number_of(address);
        self.check_address(address).map_err(EndpointError::AddressNotAllowed)?;
        let listed = self.networks.iter().any(|network| network.contains(number));
        if listed { Ok(()) } else { Err(EndpointError::HostNotAllowed) }
    }

    fn check_address(&self, address: IpAddr) -> Result<(), AddressKind> {
        let special = |number| SPECIAL.iter().find(|(_, range)| range.contains(number)).map(|found| (number, found));
        let refused = |(number, (_, range)): &(u128, &(AddressKind, Network))| {
            !self.networks.iter().any(|network| network.contains(*number) && range.covers(network))
        };
        let found = faces(number_of(address)).filter_map(special).find(refused);
        found.map_or(Ok(()), |(_, (kind, _))| Err(*kind))
    }
}

/// A host name, or a pattern of them; lower case, without a final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Any,
    Name(String),
    /// Every name that ends so, with a dot in front.
    Below(String),
    /// One label that begins and ends so, and then this, with a dot in front.
    Label(String, String, String),
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let (label, rest) = text.split_once('.')?;
        let (before, after) = label.split_once('*')?;
        let fixed = format!("{before}{after}");
        let plain = fixed.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let Host::Domain(rest) = Host::parse(rest).ok()? else {
            return None;
        };
        if !plain || rest.contains('*') {
            return None;
        }
        let rest = format!(".{}", without_dot(&rest)?);
        let whole = fixed.is_empty();
        Some(if whole {
            Self::Below(rest)
        } else {
            Self::Label(before.to_ascii_lowercase(), after.to_ascii_lowercase(), rest)
        })
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Name(exact) => name == exact,
            Self::Below(rest) => name.strip_suffix(rest.as_str()).is_some_and(|head| !head.is_empty()),
            Self::Label(before, after, rest) => name
                .strip_suffix(rest.as_str())
                .and_then(|head| head.strip_prefix(before.as_str()))
                .and_then(|head| head.strip_suffix(after.as_str()))
                .is_some_and(|middle| !middle.contains('.')),
        }
    }
}

/// A name without the dot that marks it as complete; `None` for one that is nothing else.
fn without_dot(name: &str) -> Option<&str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    (!name.is_empty() && !name.ends_with('.')).then_some(name)
}

/// A range of addresses, as numbers; an IPv4 address is the number of its IPv4-mapped IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    first: u128,
    last: u128,
}

impl Network {
    const fn of(address: IpAddr) -> Self {
        let number = number_of(address);
        Self { first: number, last: number }
    }

    const fn new(address: IpAddr, length: u8) -> Option<Self> {
        let length = match address {
            IpAddr::V4(_) if length <= 32 => length + 96,
            IpAddr::V6(_) if length <= 128 => length,
            _ => return None,
        };
        // A shift by all 128 bits is none for the processor: a length of 0 has no host-free bits to keep.
        let host_bits = if length == 0 { u128::MAX } else { (1 << (128 - length)) - 1 };
        let number = number_of(address);
        Some(Self { first: number & !host_bits, last: number | host_bits })
    }

    const fn contains(&self, number: u128) -> bool {
        self.first <= number && number <= self.last
    }

    const fn covers(&self, other: &Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }
}

const fn number_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => mapped(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

const fn mapped(v4: u32) -> u128 {
    0xffff_0000_0000 | v4 as u128
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Network {
    match Network::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length) {
        Some(network) => network,
        None => panic!("a length within bounds"),
    }
}

const fn v6(bits: u128, length: u8) -> Network {
    match Network::new(IpAddr::V6(Ipv6Addr::from_bits(bits)), length) {
        Some(network) => network,
        None => panic!("a length within bounds"),
    }
}

/// The special ranges; of two that overlap the narrower one is first.
const SPECIAL: [(AddressKind, Network); 17] = [
    // AWS, GCP, Azure, OpenStack and most others; then Alibaba, Azure's wire server, Oracle.
    (AddressKind::Metadata, v4(169, 254, 169, 254, 32)),
    (AddressKind::Metadata, v4(100, 100, 100, 200, 32)),
    (AddressKind::Metadata, v4(168, 63, 129, 16, 32)),
    (AddressKind::Metadata, v4(192, 0, 0, 192, 32)),
    // AWS (its pod identity agent too), GCP.
    (AddressKind::Metadata, v6(0xfd00_0ec2 << 96, 32)),
    (AddressKind::Metadata, v6((0xfd20_00ce << 96) | 0x254, 128)),
    (AddressKind::Loopback, v4(127, 0, 0, 0, 8)),
    (AddressKind::Loopback, v6(1, 128)),
    (AddressKind::Unspecified, v4(0, 0, 0, 0, 8)),
    (AddressKind::Unspecified, v6(0, 128)),
    (AddressKind::LinkLocal, v4(169, 254, 0, 0, 16)),
    (AddressKind::LinkLocal, v6(0xfe80 << 112, 10)),
    (AddressKind::LinkLocal, v6(0xfec0 << 112, 10)),
    (AddressKind::Multicast, v4(224, 0, 0, 0, 4)),
    (AddressKind::Multicast, v6(0xff00 << 112, 8)),
    (AddressKind::Reserved, v4(240, 0, 0, 0, 4)),
    (AddressKind::Reserved, v6(0x0100 << 112, 64)),
];

/// An address, and every IPv4 address that some network would take it for.
fn faces(number: u128) -> impl Iterator<Item = u128> {
    let top = |bits: u32| number >> (128 - bits);
    let low = u32::try_from(number & u128::from(u32::MAX)).unwrap_or_default();
    let part = |from: u32| u32::try_from((number >> from) & u128::from(u32::MAX)).unwrap_or_default();
    let bits_48_to_88 = u32::try_from(((number >> 48) & 0xffff_0000) | ((number >> 40) & 0xffff)).unwrap_or_default();
    let wrapped = [
        // IPv4-compatible; what begins with 0 is an IPv6 address in its own right (`::1`).
        (top(96) == 0 && low >> 24 != 0).then_some(low),
        // NAT64, its well-known prefix and its local one. The latter has two layouts (RFC 6052, 8215), and in the one
        // that an address is not written in its number begins with 0.
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

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn policy(entries: &[&str]) -> AddressPolicy {
        AddressPolicy::Checked { allowed_hosts: AllowedHosts::parse(entries.iter().copied()).unwrap() }
    }

    fn host(entries: &[&str], host: &str) -> Result<(), EndpointError> {
        let url = Url::parse(&format!("https://{host}/path")).unwrap();
        policy(entries).check_host(&url.host().unwrap())
    }

    fn address(entries: &[&str], address: &str) -> Result<(), AddressKind> {
        policy(entries).check_address(address.parse().unwrap())
    }

    const EVERYTHING: [&str; 3] = ["*", "0.0.0.0/0", "::/0"];

    #[test]
    fn every_spelling_of_a_special_address_is_refused() {
        use AddressKind::{LinkLocal, Loopback, Metadata, Multicast, Reserved, Unspecified};
        let spellings = [
            ("127.0.0.1", Loopback),
            ("127.0.0.1.", Loopback),
            ("127.1", Loopback),
            ("127.255.255.254", Loopback),
            ("2130706433", Loopback),
            ("0x7f000001", Loopback),
            ("0x7f.1", Loopback),
            ("017700000001", Loopback),
            ("0177.0.0.01", Loopback),
            ("%31%32%37.0.0.1", Loopback),
            ("１２７.0.0.1", Loopback),
            ("127。0。0。1", Loopback),
            ("[::1]", Loopback),
            ("[0:0:0:0:0:0:0:1]", Loopback),
            ("[::ffff:127.0.0.1]", Loopback),
            ("[::ffff:7f00:1]", Loopback),
            ("[::127.0.0.1]", Loopback),
            ("[64:ff9b::7f00:1]", Loopback),
            ("[64:ff9b:1::7f00:1]", Loopback),
            ("[64:ff9b:1:7f00:0:100::]", Loopback),
            ("[2002:7f00:1::]", Loopback),
            ("[2001:0:1::80ff:fffe]", Loopback),
            ("[2a01::5efe:127.0.0.1]", Loopback),
            ("[2a01::200:5efe:7f00:1]", Loopback),
            ("0.0.0.0", Unspecified),
            ("0", Unspecified),
            ("0.1.2.3", Unspecified),
            ("[::]", Unspecified),
            ("[::ffff:0:0]", Unspecified),
            ("169.254.1.1", LinkLocal),
            ("169.254.170.2", LinkLocal),
            ("[fe80::1]", LinkLocal),
            ("[febf::1]", LinkLocal),
            ("169.254.169.254", Metadata),
            ("2852039166", Metadata),
            ("0xa9fea9fe", Metadata),
            ("0251.0376.0251.0376", Metadata),
            ("0xA9.0xFE.0xA9.0xFE", Metadata),
            ("169.254.43518", Metadata),
            ("[::ffff:169.254.169.254]", Metadata),
            ("[::a9fe:a9fe]", Metadata),
            ("[fd00:ec2::254]", Metadata),
            ("[fd00:0ec2::23]", Metadata),
            ("[fd20:ce::254]", Metadata),
            ("100.100.100.200", Metadata),
            ("168.63.129.16", Metadata),
            ("192.0.0.192", Metadata),
            ("224.0.0.1", Multicast),
            ("[ff02::1]", Multicast),
            ("255.255.255.255", Reserved),
            ("240.0.0.1", Reserved),
        ];
        for (spelling, kind) in spellings {
            let refused = Err(EndpointError::AddressNotAllowed(kind));
            assert_eq!(host(&[], spelling), refused, "{spelling}");
            assert_eq!(host(&EVERYTHING, spelling), refused, "wide networks list nothing special: {spelling}");
        }
    }

    #[test]
    fn ordinary_addresses_are_not_special() {
        let ordinary = [
            "10.0.0.7",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "93.184.216.34",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "100.100.100.201",
            "223.255.255.255",
            "1.0.0.0",
            "fd12:3456::1",
            "2606:4700::1111",
            "2001:db8::1",
            "2002:808:808::1",
            "64:ff9b::808:808",
            "64:ff9b:1::808:808",
            "64:ff9b:1:808:8:800::",
            "::ffff:10.0.0.7",
            "fd00:ec3::254",
        ];
        for one in ordinary {
            assert_eq!(address(&[], one), Ok(()), "{one}");
        }
    }

    #[test]
    fn a_special_address_is_permitted_by_an_entry_that_means_it() {
        for (entry, spelling) in [
            ("127.0.0.1", "2130706433"),
            ("127.0.0.0/8", "127.8.8.8"),
            ("::1", "[::1]"),
            ("[::1]", "[::1]"),
            ("127.0.0.1", "[::ffff:127.0.0.1]"),
            ("169.254.0.0/16", "169.254.7.7"),
            ("169.254.169.254", "169.254.169.254"),
            ("fe80::/64", "[fe80::1]"),
        ] {
            assert_eq!(host(&[entry], spelling), Ok(()), "{entry} {spelling}");
        }
        let metadata = Err(EndpointError::AddressNotAllowed(AddressKind::Metadata));
        assert_eq!(host(&["169.254.0.0/16"], "169.254.169.254"), metadata, "a link is not its metadata service");
        let loopback = Err(EndpointError::AddressNotAllowed(AddressKind::Loopback));
        for wide in ["0.0.0.0/0", "126.0.0.0/7", "127.0.0.2", "::/0"] {
            assert_eq!(host(&[wide], "127.0.0.1"), loopback, "{wide}");
        }
        assert_eq!(address(&["127.0.0.1"], "127.0.0.1"), Ok(()));
        assert_eq!(address(&["localhost"], "127.0.0.1"), Err(AddressKind::Loopback), "a listed name lists no address");
    }

    #[test]
    fn an_address_in_a_url_must_be_listed_as_an_address() {
        let refused = Err(EndpointError::HostNotAllowed);
        assert_eq!(host(&["*"], "10.0.0.7"), refused);
        assert_eq!(host(&["10.0.0.0/24"], "10.0.1.7"), refused);
        assert_eq!(host(&["10.0.0.0/24"], "[fd12::1]"), refused);
        for entry in ["10.0.0.7", "10.0.0.0/8", "0.0.0.0/0", "::ffff:10.0.0.0/104", "0xa000007", "10.99.99.99/8"] {
            assert_eq!(host(&[entry], "10.0.0.7"), Ok(()), "{entry}");
            assert_eq!(host(&[entry], "[::ffff:10.0.0.7]"), Ok(()), "{entry}");
        }
    }

    #[test]
    fn names_match_whole_and_patterns_in_their_first_label_only() {
        let cases = [
            ("pam.example.com", "pam.example.com", true),
            ("pam.example.com", "PAM.Example.com.", true),
            ("PAM.example.com.", "pam.example.com", true),
            ("pam.example.com", "xpam.example.com", false),
            ("pam.example.com", "pam.example.com.evil.net", false),
            ("pam.example.com", "a.pam.example.com", false),
            ("*.example.com", "pam.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "evilexample.com", false),
            ("*.example.com", "example.com.evil.net", false),
            ("pam-*.example.com", "pam-7.example.com", true),
            ("pam-*.example.com", "PAM-x.example.com.", true),
            ("pam-*.example.com", "pam-7.evil.example.com", false),
            ("*-pam.example.com", "a-pam.example.com", true),
            ("*-pam.example.com", "a.b-pam.example.com", false),
            ("p*pam.example.com", "pam.example.com", false),
            ("*", "anything.at.all", true),
            ("bücher.example", "xn--bcher-kva.example", true),
        ];
        for (entry, name, expected) in cases {
            assert_eq!(host(&[entry], name).is_ok(), expected, "{entry} {name}");
        }
        assert_eq!(host(&[], "pam.example.com"), Err(EndpointError::HostNotAllowed));
        assert_eq!(AddressPolicy::Any.check_host(&Host::Ipv4(Ipv4Addr::LOCALHOST)), Ok(()));
    }

    #[test]
    fn what_is_no_entry_is_refused_and_shown() {
        for entry in [
            "https://pam.example.com",
            "pam.example.com:443",
            "pam.*.com",
            "*.*.com",
            "a*b*.example.com",
            "*.1.2.3",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/x",
            "10.0.0.0/",
            "/8",
            "user@pam",
            ".",
            "pam..",
            "*.",
            "**",
            "a b",
            "300.1.1.1",
            "p*@m.example.com",
        ] {
            let error = AllowedHosts::parse([entry]).unwrap_err();
            assert!(error.to_string().contains(&format!("{entry:?}")), "{error}");
        }
        assert!(AllowedHosts::parse(["", "  "]).unwrap().is_empty());
        assert!(!AllowedHosts::parse([" pam.example.com "]).unwrap().is_empty());
    }
}
