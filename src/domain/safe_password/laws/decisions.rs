//! Single decisions about an object that is not being deleted.

use super::*;

/// The write that is announced or sent.
fn write_of(decision: Decision) -> Option<Write> {
    match decision {
        Decision::Announce(write) | Decision::Send(write) => Some(write),
        _ => None,
    }
}

#[test]
fn p3_an_entry_is_made_only_where_none_can_be_there_or_come() {
    law(20, |s| {
        if write_of(decide(s)) != Some(Write::Create) {
            return false;
        }
        assert!(!s.deleting() && s.binding() == Binding::Unbound && !s.named(), "P3, P4");
        assert_eq!(s.list(), List::Shows(Seen::Nothing), "P3: no list shows that there is none");
        assert_ne!(s.in_flight(), InFlightState::CreateOpen, "P3: an earlier POST may still be executed");
        assert!(matches!(s.secrets(), SecretsState::Read { .. }));
        true
    });
}

#[test]
fn p4_an_entry_becomes_ours_by_its_tag_or_by_the_users_word_only() {
    law(20, |s| {
        if decide(s) != Decision::Bind {
            return false;
        }
        let may_take_over = || s.binding() == Binding::BoundElsewhere && s.adoption_granted();
        let alike = s.list() == List::Shows(Seen::Alike) && may_take_over();
        assert!(s.list() == List::Shows(Seen::Ours) || alike, "P4");
        assert!(s.deleting() || !s.claimed_by_other(), "P4: another object has it");
        assert_ne!(s.in_flight(), InFlightState::CreateOpen, "P3: the entry would be nobody's");
        match s.binding() {
            Binding::Unbound if s.deleting() => assert_eq!(s.in_flight(), InFlightState::CreateElapsed, "P7"),
            Binding::Unbound if s.named() => assert!(s.adoption_granted(), "P4: the connection does not allow it"),
            Binding::Unbound => assert_eq!(s.in_flight(), InFlightState::CreateElapsed, "P4: nothing was sent"),
            Binding::BoundElsewhere => {}
            Binding::Bound => panic!("it is bound already"),
        }
        true
    });
}

#[test]
fn p3_every_write_is_announced_right_before_it_is_sent_and_once() {
    law(100, |s| match decide(s) {
        Decision::Announce(write) => {
            assert_ne!(s.announced(), Some(write));
            assert_eq!(decide(&But::new(s, SAME.announced(Some(write)))), Decision::Send(write));
            true
        }
        Decision::Send(write) => {
            assert_eq!(s.announced(), Some(write), "P3: a process that ends now leaves nothing that tells of it");
            true
        }
        _ => false,
    });
}

#[test]
fn p1_p6_what_is_due_is_sent_and_nothing_else() {
    law_of(20, LIVE.binding(Binding::Bound), |s| {
        let decision = decide(s);
        let changed = match s.secrets() {
            SecretsState::Read { changed } => changed,
            SecretsState::Unchanged => false,
            _ => return false,
        };
        let updates = changed || s.fields_changed();
        let expected = match s.switch_due() {
            Switch::Activate => Some(Write::Activate),
            _ if updates => Some(Write::Update),
            Switch::Deactivate => Some(Write::Deactivate),
            Switch::None => None,
        };
        assert_eq!(write_of(decision), expected, "{decision:?}");
        assert!(expected.is_some() || decision == Decision::Settled, "{decision:?}");
        true
    });
}

#[test]
fn p5_p10_what_was_seen_is_not_looked_at_again() {
    law(50, |s| match decide(s) {
        Decision::Look(Look::Secrets) => {
            assert!(matches!(s.secrets(), SecretsState::Unread | SecretsState::Unchanged));
            true
        }
        Decision::Look(Look::List) => {
            assert_eq!(s.list(), List::NotAsked);
            assert!(s.binding() != Binding::Bound || s.deleting(), "P2: our entry is written without a list");
            true
        }
        _ => false,
    });
}

#[test]
fn a_gate_keeps_everything_from_the_pam() {
    let gates = [
        SAME.suspended(true),
        SAME.unserved(true),
        SAME.denied(true),
        SAME.other_operator_writes(true),
        SAME.claimed_by_other(true),
        SAME.connection(Connection::Missing),
        SAME.plan(true),
    ];
    for (number, gate) in gates.into_iter().enumerate() {
        law_of(5, gate.deleting(false), |s| {
            let decision = decide(s);
            assert!(write_of(decision).is_none() && decision != Decision::Bind, "gate {number}: {decision:?}");
            let looks = decision == Decision::Look(Look::List);
            assert!(!looks || s.plan(), "gate {number}: nothing needs the list");
            true
        });
    }
}

#[test]
fn each_gate_says_which_it_is() {
    let cases = [
        (LIVE.unserved(true), Reason::NotServed),
        (LIVE.denied(true), Reason::AccessDenied),
        (LIVE.other_operator_writes(true), Reason::AnotherOperator),
        (LIVE.claimed_by_other(true), Reason::IdentifierConflict),
        (LIVE.connection(Connection::Missing).fields_changed(true), Reason::ConnectionNotFound),
        (
            LIVE.connection(Connection::NotReady(Reason::PamAuthenticationFailed)).binding(Binding::Unbound),
            Reason::PamAuthenticationFailed,
        ),
        (
            LIVE.connection(Connection::Missing).binding(Binding::Bound).secrets(SecretsState::Read { changed: true }),
            Reason::ConnectionNotFound,
        ),
        (LIVE.secrets(SecretsState::Missing), Reason::SecretNotFound),
        (LIVE.secrets(SecretsState::KeyMissing), Reason::SecretKeyNotFound),
        (LIVE.secrets(SecretsState::Invalid), Reason::SecretInvalid),
    ];
    for (kind, reason) in cases {
        law_of(1, kind, |s| {
            assert_eq!(decide(s), Decision::Wait(reason));
            true
        });
    }
    law_of(1, LIVE.suspended(true), |s| {
        assert_eq!(decide(s), Decision::Suspend);
        true
    });
}

#[test]
fn an_object_that_needs_nothing_stays_ready_while_its_connection_is_away() {
    let calm = LIVE.binding(Binding::Bound).fields_changed(false).switch_due(Switch::None);
    for secrets in [SecretsState::Unchanged, SecretsState::Read { changed: false }] {
        for connection in Connection::all() {
            law_of(1, calm.secrets(secrets).connection(connection), |s| {
                assert_eq!(decide(s), Decision::Settled);
                true
            });
        }
    }
}

#[test]
fn what_the_list_shows_of_an_object_without_an_entry_decides() {
    let read = LIVE.binding(Binding::Unbound).secrets(SecretsState::Read { changed: true }).announced(None);
    let conflict = Decision::Wait(Reason::RecordConflict);
    law_of(50, read, |s| {
        let waits = s.in_flight() == InFlightState::CreateOpen;
        let made = s.in_flight() == InFlightState::CreateElapsed;
        let expected = match s.list() {
            _ if waits => Decision::Wait(Reason::Progressing),
            List::NotAsked => Decision::Look(Look::List),
            List::Failed(reason) => Decision::Wait(reason),
            List::Shows(Seen::Ours) if s.named() && s.adoption_granted() => Decision::Bind,
            List::Shows(Seen::Ours) if s.named() => Decision::Wait(Reason::AccessDenied),
            List::Shows(Seen::Ours) if made => Decision::Bind,
            List::Shows(Seen::Nothing) if !s.named() => Decision::Announce(Write::Create),
            List::Shows(_) => conflict,
        };
        assert_eq!(decide(s), expected);
        true
    });
    let elsewhere = read.binding(Binding::BoundElsewhere).in_flight(InFlightState::None);
    for (seen, expected) in [(Seen::Ours, Decision::Bind), (Seen::Nothing, conflict), (Seen::Unclear, conflict)] {
        law_of(1, elsewhere.list(List::Shows(seen)), |s| {
            assert_eq!(decide(s), expected, "{seen:?}");
            true
        });
    }
    for (granted, expected) in [(true, Decision::Bind), (false, Decision::Wait(Reason::AccessDenied))] {
        law_of(1, elsewhere.list(List::Shows(Seen::Alike)).adoption_granted(granted), |s| {
            assert_eq!(decide(s), expected, "P4: looks prove nothing, {granted}");
            true
        });
    }
}

#[test]
fn a_plan_tells_what_would_be_done_and_does_nothing() {
    law_of(50, LIVE, |s| {
        let plan = decide(&But::new(s, SAME.plan(true)));
        let expected = match decide(s) {
            Decision::Announce(write) | Decision::Send(write) => Decision::Plan(Planned::Write(write)),
            Decision::Bind => Decision::Plan(Planned::Bind),
            Decision::Settled => Decision::Plan(Planned::Nothing),
            decision => decision,
        };
        assert_eq!(plan, expected);
        true
    });
}
