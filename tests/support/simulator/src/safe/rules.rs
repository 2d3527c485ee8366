//! What the pages leave open about MySafe, as knobs with a recorded default.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What becomes of the tags that a call sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SafeTags {
    /// They are kept as they are.
    #[default]
    Kept,
    /// They are dropped: the field list of 3.33 and later does not have them.
    Dropped,
    /// They are written in capitals, with a blank after each comma.
    Rewritten,
}

/// What the items of `shared_error` look like; every sample has it empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedErrorForm {
    /// Sentences that name the user or the group.
    #[default]
    Texts,
    /// Objects with the name and a sentence.
    Objects,
    /// Sentences that name nobody.
    Nameless,
}

/// What MySafe does where the pages do not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "independent knobs, each named at its use")]
pub struct SafeRules {
    /// What becomes of tags; default: they are kept.
    pub tags: SafeTags,
    /// Whether the filters of the list find a part of a text too; default false: the whole text, or one whole tag,
    /// ignoring case.
    pub filters_find_parts: bool,
    /// Whether the list shows inactive entries; default false.
    pub list_inactive: bool,
    /// Whether `""` in a PUT clears `url`, `notes`, `tags` and `secret_key`; default true. Else it changes nothing.
    pub empty_clears: bool,
    /// Whether a PUT with shares sends an e-mail to those again who had the entry before; default false.
    pub unchanged_shares_mail: bool,
    /// Whether an access key for specified data sees the entries that it makes; default false.
    pub specified_sees_own: bool,
    /// Whether a call about an entry of others says that there is none (1005) in place of 1006; absent: the PUT up to
    /// 3.32 does, whose page has 1005 there.
    pub outside_is_unknown: Option<bool>,
    /// Whether answers write `&`, `<`, `>` and `"` as HTML entities; default false.
    pub html_entities: bool,
    /// Whether `/iso` has MySafe too, where it reaches everything; default false: every page says `/api`.
    pub under_iso: bool,
    /// What `shared_error` holds; default: sentences.
    pub shared_error: SharedErrorForm,
    /// Users that an entry may be shared with, beside those who have an access key.
    pub users: BTreeSet<String>,
    /// Groups that an entry may be shared with, and their members.
    pub groups: BTreeMap<String, BTreeSet<String>>,
}

impl Default for SafeRules {
    fn default() -> Self {
        let users = ["pduarte", "dleite"].map(str::to_owned);
        let group = BTreeSet::from(["dleite".to_owned(), "maria".to_owned()]);
        Self {
            tags: SafeTags::default(),
            filters_find_parts: false,
            list_inactive: false,
            empty_clears: true,
            unchanged_shares_mail: false,
            specified_sees_own: false,
            outside_is_unknown: None,
            html_entities: false,
            under_iso: false,
            shared_error: SharedErrorForm::default(),
            users: BTreeSet::from(users),
            groups: BTreeMap::from([("Test group".to_owned(), group)]),
        }
    }
}
