//! Tells whether the PAM did what was decided (P4): a record outside the authorization is not listed, only the answer
//! tells of it.

use super::Expect;
use crate::domain::{RecordId, RecordIdentifier, TenantName};

/// What the PAM says it did (API 2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteEffect {
    /// "registered"
    Created,
    /// "updated"
    Updated,
    /// Neither word: not a difference.
    Unstated,
}

/// The PAM's answer to a POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the PAM did.
    pub effect: WriteEffect,
    /// Id of the record.
    pub id: RecordId,
    /// Identifier of the record; `None` where the answer has none, which is not a difference.
    pub identifier: Option<RecordIdentifier>,
    /// The tenant, where the answer names one.
    pub tenant: Option<TenantName>,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What the POST was to do.
    pub expect: Expect,
    /// The id that the record has by our status, or by the list.
    pub id: Option<RecordId>,
    /// The identifier that was sent.
    pub identifier: String,
    /// The tenant that the PAM named before, for this vault.
    pub tenant: Option<TenantName>,
    /// The PAM may have executed an earlier POST of the same record without an answer: then "updated" where a creation was
    /// decided is our own doing.
    pub maybe_made_before: bool,
}

/// How an answer differs from what was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// "updated" where a creation was decided: somebody else has a record that our list does not show.
    UpdatedInstead,
    /// "registered" where an update was decided: our record is gone or not visible, and now there is another.
    CreatedInstead,
    /// Another id than the record's.
    OtherId,
    /// Another identifier than the one sent.
    OtherIdentifier,
    /// Another tenant than before.
    OtherTenant,
}

/// Returns how an answer differs from the decision, if it does.
#[must_use]
pub fn judge(expected: &Expected, answer: &Answer) -> Option<Mismatch> {
    if expected.tenant.is_some() && answer.tenant.is_some() && expected.tenant != answer.tenant {
        return Some(Mismatch::OtherTenant);
    }
    match (expected.expect, answer.effect) {
        (Expect::Create, WriteEffect::Updated) if !expected.maybe_made_before => {
            return Some(Mismatch::UpdatedInstead);
        }
        (Expect::Existing | Expect::Update, WriteEffect::Created) => return Some(Mismatch::CreatedInstead),
        _ => {}
    }
    if expected.id.as_ref().is_some_and(|id| *id != answer.id) {
        return Some(Mismatch::OtherId);
    }
    let differs = answer.identifier.as_deref().is_some_and(|identifier| identifier != expected.identifier);
    differs.then_some(Mismatch::OtherIdentifier)
}
