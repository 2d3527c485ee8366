//! P7: the finalizer is there while the deletion of the object would have something to disable.

use super::*;

/// Whether the PAM may hold a record of this object.
fn may_have_record(s: &impl Facts) -> bool {
    s.binding() != Binding::Unbound || s.doubtful()
}

#[test]
fn p7_the_finalizer_goes_on_first_whatever_the_object_waits_for() {
    // A law of few paths: nothing else is asked for.
    law(3, |s| {
        let live = but(s, SAME.deleting(false).disable(true).finalizer(false).unserved(false));
        let decision = decide(&live);
        let may_have = may_have_record(&live);
        if may_have {
            assert_eq!(decision, Decision::AddFinalizer);
        }
        may_have
    });
}

#[test]
fn p7_a_finalizer_is_put_on_only_where_the_policy_disables() {
    law(100, |s| {
        let added = decide(s) == Decision::AddFinalizer;
        if added {
            assert!(!s.deleting() && s.disable() && !s.finalizer());
        }
        added
    });
}
