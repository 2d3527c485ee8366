//! The account of a record: a user on a device.

use std::borrow::Cow;
use std::fmt;
use std::hash::BuildHasher;

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;

use super::table::Row;
use crate::domain::{canonical_address, folded};

/// The account of a record: username, hostname and ip together, case ignored (API 2.6) and addresses by what they mean.
/// `Debug` shows no part of an account.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Account {
    username: String,
    hostname: String,
    ip: String,
}

impl Account {
    /// Returns the account of a username, a hostname and an ip.
    #[must_use]
    pub fn new(username: &str, hostname: &str, ip: &str) -> Self {
        let device = |text| canonical_address(text).into_owned();
        Self { username: folded(username).into_owned(), hostname: device(hostname), ip: device(ip) }
    }

    /// Returns true if the record has this account.
    pub(super) fn is_of(&self, row: Row<'_>) -> bool {
        self.keys() == Keys::of(row)
    }

    /// Returns true if the record has this username, and this hostname or this ip or both, or texts that look like them.
    pub(super) fn is_near(&self, row: Row<'_>) -> bool {
        let (own, keys) = (self.loose_keys(), Keys::loose(row));
        own.username == keys.username && (own.hostname == keys.hostname || own.ip == keys.ip)
    }

    /// Returns the keys that the account itself is found by.
    pub(super) fn keys(&self) -> Keys<'_> {
        let [username, hostname, ip] = [&self.username, &self.hostname, &self.ip].map(|text| Cow::from(text.as_str()));
        Keys { username, hostname, ip }
    }

    /// Returns the keys that the account and all that look like it are found by.
    pub(super) fn loose_keys(&self) -> Keys<'_> {
        Keys { username: plain(&self.username), hostname: plain(&self.hostname), ip: plain(&self.ip) }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

/// The texts that accounts are compared and found by. They are borrowed where nothing has to be folded, which is almost
/// everywhere: three new texts for each of a hundred thousand records would take most of the time.
#[derive(PartialEq, Eq)]
pub(super) struct Keys<'a> {
    username: Cow<'a, str>,
    hostname: Cow<'a, str>,
    ip: Cow<'a, str>,
}

impl<'a> Keys<'a> {
    /// Returns the keys of a record's account.
    pub(super) fn of(row: Row<'a>) -> Self {
        let (hostname, ip) = (canonical_address(row.hostname), canonical_address(row.ip));
        Self { username: folded(row.username), hostname, ip }
    }

    /// Returns the keys that a record is found by, which records that look alike have in common.
    pub(super) fn loose(row: Row<'a>) -> Self {
        let (hostname, ip) = (plain_address(row.hostname), plain_address(row.ip));
        Self { username: plain(row.username), hostname, ip }
    }

    /// Returns the hash of username, hostname and ip.
    pub(super) fn account(&self, hasher: &impl BuildHasher) -> u64 {
        hasher.hash_one((&self.username, &self.hostname, &self.ip))
    }

    /// Returns the hash of username and hostname.
    pub(super) fn at_hostname(&self, hasher: &impl BuildHasher) -> u64 {
        hasher.hash_one((&self.username, &self.hostname))
    }

    /// Returns the hash of username and ip.
    pub(super) fn at_ip(&self, hasher: &impl BuildHasher) -> u64 {
        hasher.hash_one((&self.username, &self.ip))
    }
}

/// Returns the plain text of an address's one spelling.
fn plain_address(text: &str) -> Cow<'_, str> {
    match canonical_address(text) {
        Cow::Borrowed(text) => plain(text),
        Cow::Owned(text) => plain(&text).into_owned().into(),
    }
}

/// Returns the text in lower case and in its compatibility form, without marks and with dots: what databases that compare
/// loosely take for the same. Full-width, mathematical and accented letters become the letters that they look like. Letters of
/// other scripts do not, since no database takes those for the same.
fn plain(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return text.into();
    }
    let (form, marks) = (DecomposingNormalizerBorrowed::new_nfkd(), CanonicalCombiningClassMapBorrowed::new());
    let letters = form.normalize(&text.to_lowercase()).to_lowercase();
    let letters = letters.chars().filter(|letter| marks.get_u8(*letter) == 0);
    let dotted = |letter| match letter {
        'ı' => 'i',
        'ȷ' => 'j',
        letter => letter,
    };
    letters.map(dotted).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::ListedCredential;
    use std::hash::RandomState;

    fn record([username, hostname, ip]: [&str; 3]) -> ListedCredential {
        let [username, hostname, ip] = [username, hostname, ip].map(str::to_owned);
        ListedCredential { id: 1.into(), username, hostname, ip, ..Default::default() }
    }

    #[test]
    fn accounts_are_compared_and_found_without_case_in_any_script() {
        let hasher = RandomState::new();
        let pairs = [("svc", "svc"), ("SVC", "svc"), ("JOÃO", "joão"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("İ", "i\u{307}")];
        for (one, other) in pairs {
            let record = record([one, "DB01", "fe80::A"]);
            let account = Account::new(other, "db01", "FE80::a");
            let (own, listed) = (account.loose_keys(), Keys::loose(Row::of(&record)));
            assert!(account.is_of(Row::of(&record)) && account.is_near(Row::of(&record)), "{other}");
            assert_eq!(own.at_hostname(&hasher), listed.at_hostname(&hasher), "{other}");
            assert_eq!(own.at_ip(&hasher), listed.at_ip(&hasher), "{other}");
        }
    }

    #[test]
    fn addresses_are_compared_and_found_by_what_they_mean() {
        let hasher = RandomState::new();
        let spellings = ["2001:db8::1", "2001:0DB8:0:0::1", "[2001:db8::1]"];
        for (one, other) in spellings.into_iter().flat_map(|one| spellings.map(|other| (one, other))) {
            for (listed, account) in [
                (record(["svc", "db01", one]), Account::new("svc", "db01", other)),
                (record(["svc", one, "192.0.2.1"]), Account::new("svc", other, "192.0.2.1")),
            ] {
                let (own, keys) = (account.loose_keys(), Keys::loose(Row::of(&listed)));
                assert!(account.is_of(Row::of(&listed)) && account.is_near(Row::of(&listed)), "{one}, {other}");
                assert_eq!(own.at_hostname(&hasher), keys.at_hostname(&hasher), "{one}, {other}");
                assert_eq!(own.at_ip(&hasher), keys.at_ip(&hasher), "{one}, {other}");
            }
        }
        let other = record(["svc", "db02", "2001:db8::2"]);
        assert!(!Account::new("svc", "db01", "2001:db8::1").is_near(Row::of(&other)));
    }

    #[test]
    fn a_look_alike_is_near_and_is_not_the_account() {
        let hasher = RandomState::new();
        for alike in [
            "ｒｅｐｏｒｔｉｎｇ",
            "ＲＥＰＯＲＴＩＮＧ",
            "reportıng",
            "REPORTİNG",
            "rèporting",
            "re\u{301}porting",
            "𝐫eporting",
        ] {
            let record = record([alike, "db01", "10.0.0.7"]);
            let row = Row::of(&record);
            let account = Account::new("reporting", "db01", "10.0.0.7");
            assert_eq!((account.is_of(row), account.is_near(row)), (false, true), "{alike}");
            assert_eq!(account.loose_keys().at_ip(&hasher), Keys::loose(row).at_ip(&hasher), "{alike}");
            let (account, plain) = (Account::new(alike, "db01", "10.0.0.7"), super::plain(alike));
            assert!(account.is_of(row) && plain == "reporting", "{alike}: {plain}");
        }
        for other in ["r\u{435}porting", "reportlng", "report1ng", "reporting "] {
            let record = record([other, "db01", "10.0.0.7"]);
            assert!(!Account::new("reporting", "db01", "10.0.0.7").is_near(Row::of(&record)), "{other}");
        }
    }

    #[test]
    fn near_is_the_username_with_one_of_the_other_two() {
        let account = Account::new("svc", "db01", "10.0.0.7");
        for (other, near) in [
            (["svc", "db02", "10.0.0.7"], true),
            (["svc", "db01", "10.0.0.8"], true),
            (["svc", "db02", "10.0.0.8"], false),
            (["root", "db01", "10.0.0.7"], false),
        ] {
            let record = record(other);
            assert_eq!(
                (account.is_of(Row::of(&record)), account.is_near(Row::of(&record))),
                (false, near),
                "{other:?}"
            );
        }
    }
}
