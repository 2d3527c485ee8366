//! What happens to one `MySafePassword`: decided from what a pass saw.
//!
//! An entry of MySafe is made by a POST that is no upsert: each POST makes one more entry, and nothing can be deleted. So
//! the rules differ from those of a credential:
//!
//! * Every write is announced in the status before it is sent, with digests of what it carries. A process that ends in
//!   between leaves nothing that the status does not tell of, and a restart writes nothing by itself.
//! * A POST without an answer is never repeated. Once its settle window is over, a list tells whether the entry was made:
//!   the entry bears the tag of that attempt, which nobody can guess. Only where the list shows no such entry is another
//!   POST sent, with the tag of another attempt.
//! * A PUT without an answer is sent again at once, and again after its settle window for each group of fields that the PAM
//!   may then have overwritten with another content than it accepted since. What a late write only repeats is not sent
//!   again: that would be one more version, or e-mail.
//! * What the PAM does not tell (whether an entry is active, when it changed, whose it is) is never guessed.

mod decide;
mod decision;
mod deletion;
mod entries;
mod facts;
mod groups;
mod input;
#[cfg(test)]
mod laws;
mod retry;
mod seen;
mod situation;
mod status;
mod transition;

use super::keyed::{DigestsOf, Keyed, REMOVED, in_doubt, is_in_doubt};
use super::unacked::{SETTLE, settle_left, whole_second};
use super::{Binding, BoundVault, ConnectedVault, Connection, Reason, RecordId, ReleaseReason, SecretVersion};

pub use decide::decide;
pub use decision::{Decision, Look, Planned, Write};
pub use entries::{Appearance, Entry, EntryList, tag};
pub use facts::{Facts, InFlightState, List, SecretsState, Seen, Situation, Switch};
pub use groups::{
    ACTIVE, CONTENT, GROUPS_ALLOWED, KEYED, NAME, NOTES, SHARES, TAGS, TOTP, URL, USERNAME, USERS_ALLOWED, digest_field,
};
pub use input::{Desired, Input, ReadSecrets};
pub use retry::{Ended, next_pass};
pub use seen::{EntryDrift, drift, identifier_to_bind, is_new};
pub use situation::situation;
pub use status::{CreateAttempt, InFlight, Status};
pub use transition::{WriteResult, announce, transition};
