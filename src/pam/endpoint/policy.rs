//! Where a tenant's connection may lead: a pure check of hosts and addresses.
//!
//! A tenant who writes a connection chooses where the *operator* connects to, from the operator's place in the
//! network. So the host must be on a list that the operator's owner keeps. An address with a special meaning (this
//! machine, its link, a cloud's metadata service) is refused, also if the host only resolves to that address, unless
//! the list names the address. Spellings do not matter: [`url::Url`] has read decimal, octal, hexadecimal, shortened,
//! percent-encoded and full-width numbers as addresses before, and the check unwraps an IPv4 address that is wrapped
//! into an IPv6 one.
//!
//! Private addresses are ordinary ones, since most PAMs have one.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::{AddressKind, AllowedHosts};
use super::error::EndpointError;

/// Where a connection may lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Anywhere: the operator's owner wrote the connection.
    #[default]
    Any,
    /// To listed hosts only, and to special addresses only if the list names them.
    Checked {
        /// The list.
        allowed_hosts: AllowedHosts,
    },
}

impl AddressPolicy {
    /// Checks whether a connection may use this URL, without resolving its host.
    pub fn check_url(&self, url: &Url) -> Result<(), EndpointError> {
        self.check_host(&url.host().ok_or(EndpointError::NotHttps)?)
    }

    /// Checks whether a URL may have this host. A permitted name needs [`AddressPolicy::check_address`] as well, when
    /// it is resolved.
    pub(super) fn check_host(&self, host: &Host<&str>) -> Result<(), EndpointError> {
        let Self::Checked { allowed_hosts } = self else {
            return Ok(());
        };
        match *host {
            Host::Domain(name) if allowed_hosts.lists_name(name) => Ok(()),
            Host::Domain(_) => Err(EndpointError::HostNotAllowed),
            Host::Ipv4(address) => check_literal(allowed_hosts, address.into()),
            Host::Ipv6(address) => check_literal(allowed_hosts, address.into()),
        }
    }

    /// Checks an address that a permitted name resolved to.
    pub(in crate::pam) fn check_address(&self, address: IpAddr) -> Result<(), AddressKind> {
        match self {
            Self::Any => Ok(()),
            Self::Checked { allowed_hosts } => allowed_hosts.check_address(address),
        }
    }
}

/// Checks an address that a URL holds as its host.
fn check_literal(hosts: &AllowedHosts, address: IpAddr) -> Result<(), EndpointError> {
    hosts.check_address(address).map_err(EndpointError::AddressNotAllowed)?;
    if hosts.lists_address(address) { Ok(()) } else { Err(EndpointError::HostNotAllowed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

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
