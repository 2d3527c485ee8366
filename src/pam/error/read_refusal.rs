//! What PAM Core refuses the reading of a credential for, or the release of its custody, and the sentences for it (API 4.1,
//! 4.4). The same codes stand for faults of what is sent where a credential is written.

/// Says what PAM Core refuses the reading of a credential for, or the release of its custody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadRefusal {
    /// There is no such credential, or the authorization may not see the credential (1007).
    NotFound,
    /// The authorization has no access to the credential (1009).
    NoAccess,
    /// The record is no credential, but for example an SSH key (1010).
    NotACredential,
    /// The credential is disabled (1008).
    Disabled,
    /// The authorization may only read, and the release of custody needs more (1039).
    ReadOnly,
    /// The authorization may not use PAM Core at all (500 "not authorized").
    NotAuthorized,
    /// Something else, with a code that no page explains for these calls, or without any. A credential that somebody else
    /// has in custody is refused with a code that no page names.
    Other,
}

impl ReadRefusal {
    /// Returns what a code means.
    pub(super) const fn of_code(code: u16) -> Self {
        match code {
            1007 => Self::NotFound,
            1008 => Self::Disabled,
            1009 => Self::NoAccess,
            1010 => Self::NotACredential,
            1039 => Self::ReadOnly,
            _ => Self::Other,
        }
    }

    /// Returns a constant name of the meaning, one of those that refusals of other calls have.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NoAccess | Self::ReadOnly | Self::NotAuthorized => "permission_denied",
            Self::NotACredential | Self::Disabled | Self::Other => "rejected",
        }
    }

    /// Returns what happened and what to do about it.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::NotFound => {
                "the PAM has no such credential, or the authorization does not see it: check the id in the list, and add the \
                 credential to the authorization in the PAM"
            }
            Self::NoAccess => {
                "the authorization has no access to this credential: add the credential to the authorization in the PAM"
            }
            Self::NotACredential => {
                "the record with this id is no credential, but for example an SSH key: take the id of a credential"
            }
            Self::Disabled => "the credential is disabled in the PAM: enable it there",
            Self::ReadOnly => {
                "the authorization is only allowed to read: give it the PAM resource permission \"read and write\" in the PAM, or \
                 release the custody there"
            }
            Self::NotAuthorized => {
                "the authorization is not allowed to use this part of the API: give it the resource \"PAM Core\" in the PAM"
            }
            Self::Other => {
                "the PAM refused the call about this credential: another user may have it in custody, or a policy may \
                 forbid it now: look the credential up in the PAM"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_meaning_and_each_meaning_a_remedy() {
        let meanings = [1007, 1008, 1009, 1010, 1039, 1018, 4321].map(ReadRefusal::of_code);
        let expected = [
            ReadRefusal::NotFound,
            ReadRefusal::Disabled,
            ReadRefusal::NoAccess,
            ReadRefusal::NotACredential,
            ReadRefusal::ReadOnly,
            ReadRefusal::Other,
            ReadRefusal::Other,
        ];
        assert_eq!(meanings, expected);
        for meaning in meanings.into_iter().chain([ReadRefusal::NotAuthorized]) {
            assert!(meaning.words().contains(": "), "{meaning:?}: no remedy");
        }
    }
}
