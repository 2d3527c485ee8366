//! What a write is for (vault, identifier and account), and which earlier writes were for the same.

use super::{Account, Compared, Intent, Keyed, MismatchRecord, Status, UnackedWrite, WriteAction};

/// What the keyed digest of the account of an unacknowledged write is made for: another name than that of the group of the
/// account, so that the two digests never look alike.
const IN_FLIGHT: &str = "inFlight";
/// What the keyed digest of vault, identifier and account is made for.
const TARGET: &str = "target";

/// What a write is for.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The identifier.
    pub identifier: &'a str,
    /// Where the PAM is; `None` without a connection.
    pub origin: Option<&'a str>,
    /// The account; `None` while the username is not known.
    pub account: Option<&'a Account>,
}

impl Target<'_> {
    fn account_text(&self) -> Option<String> {
        Some(self.account?.folded().join("\0"))
    }

    /// Returns the texts that a status may have a digest of: the newest, and that of earlier versions, which compared addresses
    /// by their text.
    fn account_texts(&self) -> Vec<String> {
        let forms = self.account.map(|account| [account.folded(), account.folded_by_text()]);
        forms.into_iter().flatten().map(|form| form.join("\0")).collect()
    }

    /// Returns the keyed digest of the account.
    #[must_use]
    pub fn account_digest(&self, keyed: &dyn Keyed) -> Option<String> {
        Some(keyed.digest(IN_FLIGHT, self.account_text()?.as_bytes()))
    }

    fn text(&self, account: &str) -> String {
        [self.origin.unwrap_or_default(), self.identifier, account].join("\0")
    }

    /// Returns the keyed digest of vault, identifier and account.
    #[must_use]
    pub fn digest(&self, keyed: &dyn Keyed) -> Option<String> {
        Some(keyed.digest(TARGET, self.text(&self.account_text()?).as_bytes()))
    }

    fn has_place_of(&self, write: &UnackedWrite) -> bool {
        write.identifier == self.identifier && self.origin.is_none_or(|origin| origin == write.origin)
    }

    fn compare_account(&self, write: &UnackedWrite, keyed: &dyn Keyed) -> Compared {
        if write.account.is_none() {
            return Compared::Unknown;
        }
        let compare = |text: String| keyed.compare(write.account.as_ref(), IN_FLIGHT, text.as_bytes());
        let compared: Vec<Compared> = self.account_texts().into_iter().map(compare).collect();
        let same = compared.iter().copied().find(|compared| *compared == Compared::Same);
        same.or_else(|| compared.first().copied()).unwrap_or(Compared::Unknown)
    }

    /// Returns what a write without an answer was to do, if that write surely was for this target. With a lost key, or
    /// before the username is known, nothing is sure. `replaced` is the identifier that the record has now: of a record
    /// that got yet another identifier since, that one has to be kept.
    #[must_use]
    pub fn intent(&self, status: &Status, replaced: Option<&str>, keyed: &dyn Keyed) -> Option<Intent> {
        let write = status.in_flight.as_ref()?;
        let same = self.has_place_of(write) && self.compare_account(write, keyed) == Compared::Same;
        match write.action {
            WriteAction::Create if same => Some(Intent::Create),
            WriteAction::TakeOver if same && replaced.is_none_or(|now| Some(now) == write.former.as_deref()) => {
                Some(Intent::TakeOver)
            }
            _ => None,
        }
    }

    /// Returns whether a write of fields without an answer may have been for this target. What was surely for another
    /// account says nothing of this one: its record may be somebody else's.
    #[must_use]
    pub fn may_be_in_flight(&self, status: &Status, keyed: &dyn Keyed) -> bool {
        let write = status.in_flight.as_ref().filter(|write| write.action.sends_fields());
        write.is_some_and(|write| self.has_place_of(write) && self.compare_account(write, keyed) != Compared::Changed)
    }

    /// Returns whether an earlier answer named another record for this target, or may have left our identifier on that
    /// record: a POST for whatever account would meet that record by the identifier (API 2.6, row 1). What cannot be told
    /// is taken to be so: the list decides then.
    #[must_use]
    pub fn is_mismatch(&self, status: &Status, keyed: &dyn Keyed) -> bool {
        let Some(MismatchRecord { identifier, target, .. }) = &status.mismatch else { return false };
        let may_be_this = || {
            let texts = self.account_texts();
            let is_of = |text: &String| keyed.is_of(target, TARGET, self.text(text).as_bytes());
            !keyed.made(target) || texts.is_empty() || texts.iter().any(is_of)
        };
        identifier.as_deref() == Some(self.identifier) || may_be_this()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::credential::laws::PlainKey;

    const HERE: &str = "https://pam";

    fn account(username: &str) -> Account {
        Account { username: username.to_owned(), hostname: "db".to_owned(), ip: "192.0.2.1".to_owned() }
    }

    fn target(account: Option<&Account>) -> Target<'_> {
        Target { identifier: "ours", origin: Some(HERE), account }
    }

    fn in_flight(action: WriteAction) -> Status {
        let (identifier, origin, former) = ("ours".to_owned(), HERE.to_owned(), Some("theirs".to_owned()));
        let account = target(Some(&account("svc"))).account_digest(&PlainKey);
        let since = Timestamp::UNIX_EPOCH;
        let write = UnackedWrite { action, identifier, account, origin, former, since, value: true };
        Status { in_flight: Some(write), ..Status::default() }
    }

    fn but(status: &Status, change: impl FnOnce(&mut UnackedWrite)) -> Status {
        let mut status = status.clone();
        change(status.in_flight.as_mut().unwrap());
        status
    }

    #[test]
    fn p4_an_intent_is_known_where_the_write_surely_was_for_this_target() {
        let account = account("SVC");
        let intent = |status: &Status, replaced| target(Some(&account)).intent(status, replaced, &PlainKey);
        let create = in_flight(WriteAction::Create);
        assert_eq!(intent(&create, Some("another")), Some(Intent::Create));
        for unsure in [
            but(&create, |write| write.identifier = "other".to_owned()),
            but(&create, |write| write.origin = "https://other".to_owned()),
            but(&create, |write| write.account = None),
            but(&create, |write| write.account = Some("another key's".to_owned())),
            but(&create, |write| write.account = Some("k:inFlight:other".to_owned())),
            in_flight(WriteAction::Update),
            Status::default(),
        ] {
            assert_eq!(intent(&unsure, None), None, "{unsure:?}");
        }
        assert_eq!(target(None).intent(&create, None, &PlainKey), None);
        let away = Target { origin: None, ..target(Some(&account)) };
        assert_eq!(
            away.intent(&create, None, &PlainKey),
            Some(Intent::Create),
            "without a connection nothing says otherwise"
        );
    }

    #[test]
    fn p3_a_write_and_an_answer_are_known_again_in_every_spelling_and_as_earlier_versions_recorded_them() {
        let at = |ip: &str| Account { ip: ip.to_owned(), ..account("svc") };
        let (short, long) = (at("2001:db8::1"), at("2001:0DB8::1"));
        let by_text = "svc\0db\x002001:0db8::1";
        let recorded = |text: &str| {
            but(&in_flight(WriteAction::Create), |write| {
                write.account = Some(PlainKey.digest(IN_FLIGHT, text.as_bytes()));
            })
        };
        let mismatch = |text: &str| {
            let target = PlainKey.digest(TARGET, format!("{HERE}\0ours\0{text}").as_bytes());
            Status { mismatch: Some(MismatchRecord { id: None, identifier: None, target }), ..Status::default() }
        };
        assert_eq!(target(Some(&short)).account_digest(&PlainKey), target(Some(&long)).account_digest(&PlainKey));
        assert_eq!(target(Some(&short)).digest(&PlainKey), target(Some(&long)).digest(&PlainKey));
        for (text, account) in [("svc\0db\x002001:db8::1", &short), ("svc\0db\x002001:db8::1", &long), (by_text, &long)]
        {
            let (asked, status) = (target(Some(account)), recorded(text));
            assert_eq!(asked.intent(&status, None, &PlainKey), Some(Intent::Create), "{text}, {account:?}");
            assert!(asked.may_be_in_flight(&status, &PlainKey), "{text}, {account:?}");
            assert!(asked.is_mismatch(&mismatch(text), &PlainKey), "{text}, {account:?}");
        }
        let other = at("2001:db8::2");
        assert!(!target(Some(&other)).may_be_in_flight(&recorded(by_text), &PlainKey));
        assert!(!target(Some(&other)).is_mismatch(&mismatch(by_text), &PlainKey));
    }

    #[test]
    fn p4_a_take_over_is_announced_again_where_the_record_got_yet_another_identifier() {
        let account = account("svc");
        let status = in_flight(WriteAction::TakeOver);
        let intent = |replaced| target(Some(&account)).intent(&status, replaced, &PlainKey);
        assert_eq!(intent(None), Some(Intent::TakeOver));
        assert_eq!(intent(Some("theirs")), Some(Intent::TakeOver));
        assert_eq!(intent(Some("another")), None);
    }

    #[test]
    fn p7_a_write_may_be_in_flight_unless_it_surely_was_for_another_account() {
        let (svc, other) = (account("svc"), account("other"));
        let may = |status: &Status, account| target(account).may_be_in_flight(status, &PlainKey);
        let update = in_flight(WriteAction::Update);
        assert!(may(&update, Some(&svc)) && may(&update, None) && !may(&update, Some(&other)));
        assert!(may(&but(&update, |write| write.account = Some("another key's".to_owned())), Some(&svc)));
        assert!(!may(&but(&update, |write| write.origin = "https://other".to_owned()), Some(&svc)));
        assert!(!may(&but(&update, |write| write.identifier = "other".to_owned()), Some(&svc)));
        assert!(!may(&in_flight(WriteAction::Enable), Some(&svc)) && !may(&Status::default(), Some(&svc)));
    }

    #[test]
    fn p4_a_mismatch_holds_for_its_target_and_for_the_record_that_has_our_identifier() {
        let (svc, other) = (account("svc"), account("other"));
        let digest = target(Some(&svc)).digest(&PlainKey).unwrap();
        let with = |identifier: Option<&str>, target: &str| {
            let (identifier, target) = (identifier.map(str::to_owned), target.to_owned());
            Status { mismatch: Some(MismatchRecord { id: None, identifier, target }), ..Status::default() }
        };
        let is = |status: &Status, account| target(account).is_mismatch(status, &PlainKey);
        assert!(!is(&Status::default(), Some(&svc)));
        assert!(is(&with(None, &digest), Some(&svc)) && !is(&with(None, &digest), Some(&other)));
        assert!(is(&with(None, &digest), None), "what cannot be told is taken to be so");
        assert!(is(&with(None, "another key's"), Some(&other)));
        assert!(is(&with(Some("ours"), &digest), Some(&other)));
        assert!(!is(&with(Some("other"), &digest), Some(&other)));
    }
}
