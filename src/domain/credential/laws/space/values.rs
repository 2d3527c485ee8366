//! The values that a fact can have, and which facts cannot be together.

use crate::domain::credential::facts::Known;
use crate::domain::laws::{Values, values};
use crate::domain::{
    AdoptionPolicy, Change, Claims, Drift, Heir, Intent, Inventory, Reason, Request, SecretsState, Seen, SettleWindow,
    ValueComparison,
};

values! {
    Request: Request::None, Request::Fields, Request::Value;
    Heir: Heir::None, Heir::Comes, Heir::Absent;
    Claims: Claims::Free, Claims::HandedOver, Claims::NotAsked, Claims::Identifier, Claims::Account, Claims::Device;
    AdoptionPolicy: AdoptionPolicy::ByIdentifier, AdoptionPolicy::Never, AdoptionPolicy::TakeOver;
    Option<Intent>: None, Some(Intent::Create), Some(Intent::TakeOver);
    Drift: Drift::None, Drift::NotListed, Drift::Identifier, Drift::Renamed, Drift::Moved, Drift::SecondRecord,
        Drift::Changed, Drift::Rotated;
    Change: Change::Unknown, Change::Same, Change::Moved;
    SettleWindow: SettleWindow::Closed, SettleWindow::Open, SettleWindow::Elapsed { value: false }, SettleWindow::Elapsed { value: true };
    ValueComparison: ValueComparison::None, ValueComparison::New, ValueComparison::Same, ValueComparison::Changed, ValueComparison::Unknown;
}

impl Values for SecretsState {
    fn all() -> Vec<Self> {
        let without = [Self::Unchanged, Self::Unread, Self::Missing, Self::KeyMissing, Self::Invalid];
        without.into_iter().chain(ValueComparison::all().into_iter().map(Self::Read)).collect()
    }
}

impl Values for Seen {
    fn all() -> Vec<Self> {
        let mut all = vec![Self::Neither, Self::Tangled];
        for rotates in bool::all() {
            all.extend(bool::all().into_iter().map(|at_account| Self::Ours { at_account, rotates }));
            all.extend([Self::IdentifierOnAccount { rotates }, Self::FormerOnAccount { rotates }]);
            all.extend([Self::IdentifierElsewhere { rotates }]);
            all.extend([Self::AccountBare { rotates }, Self::AccountOther { rotates }]);
        }
        all
    }
}

impl Values for Inventory {
    fn all() -> Vec<Self> {
        let without = [Self::NotAsked, Self::Off];
        let failed = [Reason::PamUnavailable, Reason::InventoryIncomplete].map(Self::Failed);
        let shows = Seen::all().into_iter().map(Self::Shows);
        let incomplete = Seen::all().into_iter().map(Self::Incomplete);
        without.into_iter().chain(failed).chain(shows).chain(incomplete).collect()
    }
}

/// What the controller cannot see together, as far as it is known of a path. Everything else is tried, likely or not.
pub(in crate::domain::credential) fn is_possible(known: &Known<'_>) -> bool {
    // The device's settings are one of the groups of fields.
    let device_alone = known.device_changed() == Some(true) && known.fields_changed() == Some(false);
    // What did not move, or did, is told from what an earlier list said.
    let compared = matches!(known.change(), Some(Change::Same | Change::Moved)) && known.baseline() == Some(false);
    let value_alone = known.suspected_value() == Some(true) && known.suspected_write() == Some(false);
    !device_alone && !compared && !value_alone
}
