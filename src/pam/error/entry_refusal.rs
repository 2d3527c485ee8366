//! What MySafe refuses a call about an entry for, and the sentences for it. Its codes mean other things than those of PAM
//! Core (API 1.7): 1005 is a missing address there and a missing entry here.

/// Says what MySafe refuses a call about an entry for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryRefusal {
    /// A name, a username or a password is missing (1001).
    Incomplete,
    /// There is no such entry (1005). Some versions say so of an entry too that the access key's user may not change.
    NotFound,
    /// The access key's user may not change the entry (1006).
    NoAccess,
    /// The entry is inactive (1009).
    Inactive,
    /// The login is none for MySafe (500 "not authorized").
    NotAuthorized,
    /// Something else, with a code that no page explains for the calls of this client, or without any.
    Other,
}

impl EntryRefusal {
    /// Returns what a code means.
    pub(super) const fn of_code(code: u16) -> Self {
        match code {
            1001 => Self::Incomplete,
            1005 => Self::NotFound,
            1006 => Self::NoAccess,
            1009 => Self::Inactive,
            _ => Self::Other,
        }
    }

    /// Returns a constant name of the meaning, one of those that refusals of PAM Core have.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NoAccess | Self::NotAuthorized => "permission_denied",
            Self::Incomplete | Self::Inactive | Self::Other => "rejected",
        }
    }

    /// Returns what happened and what to do about it.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Incomplete => "MySafe requires a name, a username and a password: give the entry all three",
            Self::NotFound => {
                "MySafe has no such entry, or the user of the access key is not allowed to change it: look the entry up in MySafe \
                 and have its owner share it with the right to edit"
            }
            Self::NoAccess => {
                "the user of the access key is not allowed to change this entry: have its owner share it with the right to edit"
            }
            Self::Inactive => "the entry is inactive in MySafe: activate it there",
            Self::NotAuthorized => {
                "the login is not allowed to use MySafe: give the connection client id and client secret of an access key of MySafe, \
                 with full access (an A2A authorization cannot be given MySafe)"
            }
            Self::Other => "MySafe refused the entry: compare its fields with MySafe's rules",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_my_safe_have_their_own_meanings() {
        let meanings = [1001, 1005, 1006, 1009, 1010, 1007, 4321].map(EntryRefusal::of_code);
        let other = EntryRefusal::Other;
        let expected =
            [EntryRefusal::Incomplete, EntryRefusal::NotFound, EntryRefusal::NoAccess, EntryRefusal::Inactive];
        assert_eq!((&meanings[..4], &meanings[4..]), (&expected[..], &[other; 3][..]));
        for meaning in meanings.into_iter().chain([EntryRefusal::NotAuthorized]) {
            assert!(meaning.words().contains(": "), "{meaning:?}: no remedy");
        }
    }
}
