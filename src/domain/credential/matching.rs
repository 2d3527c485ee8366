//! Finds the row of the table of `design.md` 5 that applies.

use super::{Account, Binding, Seen};

/// One record of the list, as far as [`match_rows`] looks at it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The PAM's id.
    pub id: String,
    /// The identifier, if the record has one.
    pub identifier: Option<String>,
    /// The account.
    pub account: Account,
    /// The vault rotates the value.
    pub rotates: bool,
    /// The record is an SSH key (API 4.2), which a credential must not touch.
    pub ssh_key: bool,
}

/// The identifiers that a record of ours may have.
#[derive(Clone, Copy, Debug)]
pub struct Identifiers<'a> {
    /// The identifier that would be sent.
    pub own: &'a str,
    /// The identifiers by former names of this cluster; none where the spec has an identifier, or the status a record in
    /// this vault.
    pub former: &'a [String],
}

/// Returns the row of the table that applies, given the records that have our id, our identifier or our account.
///
/// `id` is the one in the status, `identifiers` and `account` are what would be sent. In another vault than that of the
/// status an id proves nothing by itself: there it counts only together with our identifier and our account.
#[must_use]
pub fn match_rows(
    rows: &[Row],
    recorded: Binding,
    id: Option<&str>,
    identifiers: Identifiers<'_>,
    account: &Account,
) -> Seen {
    let has_identifier = |row: &Row| row.identifier.as_deref() == Some(identifiers.own);
    let trusted = |row: &Row| match recorded {
        Binding::Bound => true,
        Binding::BoundElsewhere => has_identifier(row) && row.account == *account,
        Binding::Unbound => false,
    };
    let mine = rows.iter().find(|row| Some(row.id.as_str()) == id && trusted(row));
    let touched: Vec<&Row> = rows.iter().filter(|row| has_identifier(row) || row.account == *account).collect();
    match (mine, touched.as_slice()) {
        (Some(mine), touched) => known(mine, touched, has_identifier(mine), account),
        (None, []) => Seen::Neither,
        (None, [row]) => unknown(row, identifiers, account),
        (None, _) => Seen::Tangled,
    }
}

/// The record of the status is listed. No other may have our identifier or account, and a POST must be able to reach the
/// record: by our identifier, or by the account (API 2.6); otherwise the POST would make a second record.
fn known(mine: &Row, touched: &[&Row], has_identifier: bool, account: &Account) -> Seen {
    let at_account = mine.account == *account;
    if mine.ssh_key || touched.iter().any(|row| row.id != mine.id) || !(has_identifier || at_account) {
        return Seen::Tangled;
    }
    Seen::Ours { at_account: at_account && has_identifier, rotates: mine.rotates }
}

/// One record, of another id than that of the status, has our identifier or our account.
fn unknown(row: &Row, identifiers: Identifiers<'_>, account: &Account) -> Seen {
    let rotates = row.rotates;
    match (&row.identifier, row.account == *account) {
        _ if row.ssh_key => Seen::Tangled,
        (Some(listed), true) if listed == identifiers.own => Seen::IdentifierOnAccount { rotates },
        (_, false) => Seen::IdentifierElsewhere { rotates },
        (None, true) => Seen::AccountBare { rotates },
        (Some(listed), true) if identifiers.former.contains(listed) => Seen::FormerOnAccount { rotates },
        (Some(_), true) => Seen::AccountOther { rotates },
    }
}
