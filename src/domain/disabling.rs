//! What the answer to the disabling of a record means for the finalizer.

/// What the PAM said to a `DELETE` (API 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disabling {
    /// 200: the record is disabled now.
    Disabled,
    /// 1008 (1017 up to 3.32): the record was disabled already.
    AlreadyInactive,
    /// 1007: there is no such record, or this authorization does not see it.
    NotFound,
    /// 1009: the record may not be touched.
    NoAccess,
}

/// Returns whether the finalizer can be removed after that answer. `others_listed` says that the list shows other records
/// of ours: only then does "not found" mean that the record is gone, and not that the authorization no longer sees any.
#[must_use]
pub const fn after_disable(answer: Disabling, others_listed: bool) -> bool {
    match answer {
        Disabling::Disabled | Disabling::AlreadyInactive => true,
        Disabling::NotFound => others_listed,
        Disabling::NoAccess => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finalizer_goes_only_once_the_record_is_known_to_be_disabled_or_gone() {
        for others in [false, true] {
            assert!(after_disable(Disabling::Disabled, others) && after_disable(Disabling::AlreadyInactive, others));
            assert!(!after_disable(Disabling::NoAccess, others));
            assert_eq!(after_disable(Disabling::NotFound, others), others);
        }
    }
}
