//! What a write is for (vault, identifier and account), and which earlier writes were for the same.

use super::{Account, Compared, Intent, Keyed, MismatchRecord, Status, UnackedWrite, WriteAction};

/// Field of the keyed digest of an account.
const ACCOUNT: &str = "inFlight";
/// Field of the keyed digest of vault, identifier and account.
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
        let (username, hostname, ip) = self.account?.folded();
        Some([username, hostname, ip].join("\0"))
    }

    /// Returns the keyed digest of the account.
    #[must_use]
    pub fn account_digest(&self, keyed: &dyn Keyed) -> Option<String> {
        Some(keyed.digest(ACCOUNT, self.account_text()?.as_bytes()))
    }

    fn text(&self) -> Option<String> {
        Some([self.origin.unwrap_or_default(), self.identifier, &self.account_text()?].join("\0"))
    }

    /// Returns the keyed digest of vault, identifier and account.
    #[must_use]
    pub fn digest(&self, keyed: &dyn Keyed) -> Option<String> {
        Some(keyed.digest(TARGET, self.text()?.as_bytes()))
    }

    fn has_place_of(&self, write: &UnackedWrite) -> bool {
        write.identifier == self.identifier && self.origin.is_none_or(|origin| origin == write.origin)
    }

    fn compare_account(&self, write: &UnackedWrite, keyed: &dyn Keyed) -> Compared {
        match (self.account_text(), &write.account) {
            (Some(text), Some(_)) => keyed.compare(write.account.as_ref(), ACCOUNT, text.as_bytes()),
            _ => Compared::Unknown,
        }
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
            let text = self.text();
            !keyed.made(target) || text.is_none_or(|text| keyed.is_of(target, TARGET, text.as_bytes()))
        };
        identifier.as_deref() == Some(self.identifier) || may_be_this()
    }
}
