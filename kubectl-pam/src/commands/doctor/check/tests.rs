//! Fifteen set-ups that are broken, and one where nothing is: each is named, with what to do, and nothing else is said to fail.

use jiff::Timestamp;
use pam_operator::pam::{AuthFailure, Call, PamError, TlsFault, Unavailable};

use super::all;
use crate::commands::doctor::facts::{
    ClusterFacts, ConnectionFacts, Definition, Facts, Held, KeyFact, Known, LeaseFact, Network, ObjectFact, Operator,
};
use crate::commands::doctor::line::{Line, Verdict};
use crate::commands::doctor::rights::{self, Settings};

const NOW: &str = "2026-11-28T10:00:00Z";
const KEY: &str = "clusterpamconn";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn held(rights: Vec<rights::Right>) -> Vec<Held> {
    rights.into_iter().map(|right| Held { right, held: Known::Is(true) }).collect()
}

fn operator(namespace: &str) -> Operator {
    Operator {
        namespace: namespace.to_owned(),
        name: "pam-operator".to_owned(),
        image: "pam-operator:0.1.0".to_owned(),
        wanted: 1,
        ready: 1,
        account: "pam-operator".to_owned(),
        settings: Settings::default(),
        serves: Known::Unknown("not looked for".to_owned()),
        pods: Known::Is(Vec::new()),
        lease: Known::Is(Some(LeaseFact {
            holder: Some("pam-operator-0".to_owned()),
            renewed: Some(time("2026-11-28T09:59:56Z")),
            duration: 15,
        })),
        rights: held(rights::of_operator(namespace, &Settings::default())),
        key: Known::Is(KeyFact::Id("ff06744e".to_owned())),
    }
}

fn connection() -> ConnectionFacts {
    ConnectionFacts {
        name: "clusterpamconn/default".to_owned(),
        key: KEY.to_owned(),
        fault: None,
        paths: "productVersion 4.0, apiPrefix /wrong, tokenPath by its version".to_owned(),
        tenant: Some("acme".to_owned()),
        network: Network {
            host: "pam.example.com:443".to_owned(),
            addresses: Known::Is(Ok(1)),
            connected: Known::Is(Ok(())),
            valid_until: Known::Is(time("2027-11-28T10:00:00Z")),
            clock: Known::Is(1),
        },
        login: Known::Is(Ok(())),
        list: Known::Is(Ok(5000)),
    }
}

fn object(name: &str, reason: &str, ready: bool) -> ObjectFact {
    ObjectFact {
        name: name.to_owned(),
        connection: KEY.to_owned(),
        reason: reason.to_owned(),
        ready,
        observed: true,
        was_written: true,
        tenant: Some("Acme".to_owned()),
        keys: vec!["ff06744e".to_owned()],
        ..ObjectFact::default()
    }
}

fn healthy() -> Facts {
    let definitions = pam_operator::api::crds()
        .into_iter()
        .map(|known| Definition { name: known.metadata.name.clone().unwrap(), installed: Known::Is(Some(known)) });
    let seen = ObjectFact {
        is_connection: true,
        was_written: false,
        tenant: None,
        cluster_name: Some("west".to_owned()),
        ..object("clusterpamconn/default", "Authenticated", true)
    };
    Facts {
        cluster: ClusterFacts {
            version: Known::Is("v1.33.0".to_owned()),
            clock: Known::Is(0),
            definitions: definitions.collect(),
            rights: held(rights::of_user("pam-operator")),
        },
        operators: Known::Is(vec![operator("pam-operator")]),
        objects: vec![seen, object("pamcred/db in namespace shop", "Synced", true)],
        left_out: Vec::new(),
        connections: vec![connection()],
        now: time(NOW),
    }
}

/// Returns what is said of facts that differ from healthy ones, without what is as it should be.
fn said(break_it: impl FnOnce(&mut Facts)) -> Vec<Line> {
    let mut facts = healthy();
    break_it(&mut facts);
    all(&facts).into_iter().filter(|line| line.verdict != Verdict::Ok).collect()
}

/// Holds that one check fails, says these words, and says what to do.
#[track_caller]
fn names(lines: &[Line], check: &str, words: &[&str]) {
    let failed: Vec<&Line> = lines.iter().filter(|line| line.verdict == Verdict::Fail).collect();
    let found = failed.iter().find(|line| line.check == check).unwrap_or_else(|| panic!("{check}: {lines:?}"));
    let to_do = found.what_to_do.as_deref().unwrap_or_default();
    assert!(!to_do.is_empty(), "{found:?}");
    for words in words {
        assert!(found.what.contains(words) || to_do.contains(words), "{words}: {found:?}");
    }
}

/// Holds that only this check fails.
#[track_caller]
fn names_only(lines: &[Line], check: &str, words: &[&str]) {
    names(lines, check, words);
    let others: Vec<&Line> = lines.iter().filter(|line| line.verdict == Verdict::Fail && line.check != check).collect();
    assert!(others.is_empty(), "{others:?}");
}

fn unavailable(why: Unavailable) -> PamError {
    PamError::Unavailable { call: Call::Token, why }
}

/// Lets the login of a connection end so, and the operator say so.
fn login_fails(facts: &mut Facts, error: PamError, reason: &str) {
    let seen = &mut facts.objects[0];
    (seen.ready, seen.reason, seen.message) = (false, reason.to_owned(), error.summary());
    facts.connections[0].login = Known::Is(Err(error));
    facts.connections[0].list = Known::Unknown("the login failed".to_owned());
}

#[test]
fn where_nothing_is_wrong_nothing_is_said_to_be() {
    let lines = said(|_| {});
    assert!(lines.is_empty(), "{lines:?}");
    assert!(all(&healthy()).len() > 15);
}

#[test]
fn a_wrong_authority_is_named() {
    let fault = unavailable(Unavailable::Tls(TlsFault::UnknownAuthority));
    let lines = said(|facts| login_fails(facts, fault, "PamUnavailable"));
    names(&lines, "tls", &["an authority that is not trusted", "caBundle"]);
    assert!(!lines.iter().any(|line| line.what.contains("you can")), "the user does not reach it either: {lines:?}");
}

#[test]
fn an_expired_certificate_is_named_and_one_that_expires_soon_is_warned_of() {
    let lines = said(|facts| {
        login_fails(facts, unavailable(Unavailable::Tls(TlsFault::OutOfDate)), "PamUnavailable");
        facts.connections[0].network.valid_until = Known::Is(time("2026-11-01T00:00:00Z"));
    });
    names(&lines, "certificate", &["expired on 2026-11-01", "renew"]);
    names(&lines, "tls", &["expired"]);
    for (until, warned) in [("2026-12-19T09:00:00Z", true), ("2026-12-19T11:00:00Z", false)] {
        let lines = said(|facts| facts.connections[0].network.valid_until = Known::Is(time(until)));
        let is_warned = lines.iter().any(|line| line.verdict == Verdict::Warn && line.check == "certificate");
        assert_eq!((is_warned, lines.len()), (warned, usize::from(warned)), "{until}: {lines:?}");
    }
}

#[test]
fn a_wrong_prefix_is_named_with_what_the_connection_says() {
    let wrong = PamError::Misrouted(Call::ListCredentials);
    names_only(
        &said(|facts| facts.connections[0].list = Known::Is(Err(wrong))),
        "prefix",
        &["apiPrefix /wrong", "404"],
    );
    let token = PamError::Misrouted(Call::Token);
    names(&said(|facts| login_fails(facts, token, "PamRejected")), "prefix", &["the login", "tokenPath"]);
}

#[test]
fn a_wrong_tenant_is_named_by_the_login_or_by_what_the_pam_answered() {
    let rejected = PamError::AuthenticationFailed(AuthFailure::TokenRejected);
    let lines = said(|facts| login_fails(facts, rejected, "PamAuthenticationFailed"));
    names(&lines, "login", &["tenant", "acme"]);
    let lines = said(|facts| facts.objects[1].tenant = Some("umbrella".to_owned()));
    names_only(&lines, "tenant", &["acme", "umbrella", "pamcred/db"]);
}

#[test]
fn a_refused_client_is_named() {
    let refused = PamError::AuthenticationFailed(AuthFailure::LoginRefused);
    let lines = said(|facts| login_fails(facts, refused, "PamAuthenticationFailed"));
    names(&lines, "login", &["refused the login", "client id"]);
}

#[test]
fn a_read_only_authorization_is_named_and_one_that_is_not_known_is_said_to_be_so() {
    let lines = said(|facts| {
        let written = &mut facts.objects[1];
        (written.ready, written.reason, written.message) = (false, "PamPermissionDenied".to_owned(), "1039".to_owned());
    });
    names_only(&lines, "write permission", &["pamcred/db", "read and write permission"]);
    let lines = said(|facts| facts.objects.truncate(1));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].verdict == Verdict::Warn && lines[0].what.contains("not known"), "{lines:?}");
}

#[test]
fn definitions_that_are_not_there_are_named() {
    let lines = said(|facts| {
        for definition in &mut facts.cluster.definitions {
            definition.installed = Known::Is(None);
        }
    });
    names_only(&lines, "definitions", &["pamconnections.pam-operator.io", "install"]);
    assert_eq!(lines.len(), healthy().cluster.definitions.len());
}

#[test]
fn older_definitions_are_named_with_what_they_lack() {
    let lines = said(|facts| {
        let Known::Is(Some(installed)) = &mut facts.cluster.definitions[2].installed else { panic!("it is there") };
        let schema = installed.spec.versions[0].schema.as_mut().unwrap().open_api_v3_schema.as_mut().unwrap();
        let spec = schema.properties.as_mut().unwrap().get_mut("spec").unwrap().properties.as_mut().unwrap();
        spec.remove("deletionPolicy").unwrap();
    });
    names_only(&lines, "definitions", &["pamcredentials.pam-operator.io is older", "spec.deletionPolicy"]);
}

#[test]
fn an_operator_that_does_not_run_is_named() {
    names_only(&said(|facts| facts.operators = Known::Is(Vec::new())), "running", &["no operator runs"]);
    let change = |change: fn(&mut Operator)| {
        said(|facts| {
            let Known::Is(operators) = &mut facts.operators else { panic!("it is known") };
            change(&mut operators[0]);
        })
    };
    names_only(&change(|operator| (operator.wanted, operator.ready) = (0, 0)), "running", &["scaled to 0"]);
    names_only(&change(|operator| operator.ready = 0), "running", &["no Pod that is ready", "kubectl logs"]);
    names_only(&change(|operator| operator.lease = Known::Is(None)), "lease", &["no Lease"]);
    let old = |operator: &mut Operator| {
        let lease =
            LeaseFact { holder: Some("x".to_owned()), renewed: Some(time("2026-11-28T09:00:00Z")), duration: 15 };
        operator.lease = Known::Is(Some(lease));
    };
    names_only(&change(old), "lease", &["did not renew it for 3600 s"]);
}

#[test]
fn two_operators_are_named_by_their_deployments_or_by_what_they_do() {
    let two = |selectors: [&str; 2]| {
        said(|facts| {
            let operators = ["one", "two"].into_iter().zip(selectors).map(|(namespace, selector)| {
                let mut operator = operator(namespace);
                selector.clone_into(&mut operator.settings.selector);
                operator
            });
            facts.operators = Known::Is(operators.collect());
        })
    };
    names_only(&two(["", "team=a"]), "one operator", &["namespace one", "namespace two", "connectionSelector"]);
    assert!(two(["team=a", "team=b"]).is_empty());
    let serving = |other: &str| {
        said(|facts| {
            let operators = [("one", KEY), ("two", other)].map(|(namespace, serves)| {
                let mut operator = operator(namespace);
                namespace.clone_into(&mut operator.settings.selector);
                operator.serves = Known::Is([serves.to_owned()].into());
                operator
            });
            facts.operators = Known::Is(operators.to_vec());
        })
    };
    names_only(&serving(KEY), "one operator", &["namespace one", "namespace two"]);
    assert!(serving("another").is_empty());
    let lines = said(|facts| {
        (facts.objects[1].ready, facts.objects[1].reason) = (false, "AnotherOperator".to_owned());
    });
    names_only(&lines, "one operator", &["another operator writes the status of pamcred/db"]);
    let lines = said(|facts| {
        let second = ObjectFact { cluster_name: Some("east".to_owned()), ..facts.objects[0].clone() };
        facts.objects.push(second);
    });
    names_only(&lines, "one operator", &["east, west"]);
    let lines = said(|facts| {
        facts.operators = Known::Unknown("you may not list deployments".to_owned());
        facts.objects[1].keys = vec!["00000000".to_owned()];
    });
    names_only(&lines, "digest key", &["2 keys", "two operators"]);
}

#[test]
fn rights_that_are_missing_are_named() {
    let lines = said(|facts| {
        let Known::Is(operators) = &mut facts.operators else { panic!("it is known") };
        operators[0].rights.last_mut().unwrap().held = Known::Is(false);
    });
    names_only(&lines, "its rights", &["create events.events.k8s.io", "roles and bindings"]);
    let lines = said(|facts| facts.cluster.rights[0].held = Known::Is(false));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].verdict == Verdict::Warn && lines[0].what.contains("get customresourcedefinitions"), "{lines:?}");
}

#[test]
fn denied_egress_is_named_where_the_user_reaches_what_the_operator_does_not() {
    let lines = said(|facts| (facts.objects[0].ready, facts.objects[0].reason) = (false, "PamUnavailable".to_owned()));
    names_only(&lines, "operator's view", &["the operator cannot reach the PAM, and you can", "NetworkPolicies"]);
}

#[test]
fn a_pam_that_breaks_off_is_named_by_its_login_and_nothing_is_said_of_its_certificate() {
    for why in [Unavailable::Reset, Unavailable::Timeout, Unavailable::Server, Unavailable::Connect] {
        let lines = said(|facts| login_fails(facts, unavailable(why), "PamUnavailable"));
        names(&lines, "login", &[]);
        let mut facts = healthy();
        login_fails(&mut facts, unavailable(why), "PamUnavailable");
        let is_trusted = all(&facts).iter().any(|line| line.check == "tls");
        assert_eq!(is_trusted, why == Unavailable::Server, "{why:?}");
    }
    let strange = PamError::Malformed { call: Call::ListCredentials, what: "is no JSON" };
    for error in [strange, PamError::TooLarge(Call::ListCredentials), PamError::RateLimited { after: None }] {
        names_only(&said(|facts| facts.connections[0].list = Known::Is(Err(error))), "list", &[]);
    }
}

#[test]
fn what_only_the_user_does_not_reach_does_not_fail() {
    let lines = said(|facts| {
        let connection = &mut facts.connections[0];
        connection.network.addresses = Known::Is(Err("not found".to_owned()));
        connection.network.connected = Known::Unknown("x".to_owned());
        connection.login = Known::Unknown("x".to_owned());
        connection.list = Known::Unknown("x".to_owned());
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].verdict == Verdict::Warn && lines[0].check == "dns", "{lines:?}");
}

#[test]
fn a_host_that_is_not_allowed_is_named_in_the_operators_words() {
    let lines = said(|facts| {
        let seen = &mut facts.objects[0];
        (seen.ready, seen.reason) = (false, "ConnectionNotAllowed".to_owned());
        seen.message = "the operator may not connect to the URL's host: add the host to allowedHosts".to_owned();
        facts.connections[0].network.addresses = Known::Unknown("not tried".to_owned());
        facts.connections[0].network.connected = Known::Unknown("not tried".to_owned());
        facts.connections[0].login = Known::Unknown("not tried".to_owned());
    });
    names_only(&lines, "host", &["may not connect", "allowedHosts"]);
}

#[test]
fn a_digest_key_that_was_lost_is_named() {
    let key = |fact: KeyFact| {
        said(|facts| {
            let Known::Is(operators) = &mut facts.operators else { panic!("it is known") };
            operators[0].key = Known::Is(fact);
        })
    };
    names_only(&key(KeyFact::NoSecret), "digest key", &["is not there", "backup"]);
    names_only(&key(KeyFact::NoKey), "digest key", &["holds no key"]);
    let another = key(KeyFact::Id("00000000".to_owned()));
    names_only(&another, "digest key", &["2 statuses were made with another digest key", "backup"]);
}

#[test]
fn clocks_that_are_off_are_named() {
    names_only(&said(|facts| facts.cluster.clock = Known::Is(-61)), "clock", &["the API server", "61 s behind", "NTP"]);
    let lines = said(|facts| facts.connections[0].network.clock = Known::Is(3600));
    names_only(&lines, "clock", &["the PAM", "3600 s ahead of"]);
    let lines = said(|facts| {
        let Known::Is(operators) = &mut facts.operators else { panic!("it is known") };
        let Known::Is(Some(lease)) = &mut operators[0].lease else { panic!("it is known") };
        lease.renewed = Some(time("2026-11-28T10:10:00Z"));
    });
    names_only(&lines, "lease", &["600 s in the future", "NTP"]);
}

#[test]
fn independent_checks_go_on_after_a_failure() {
    let lines = said(|facts| {
        facts.operators = Known::Is(Vec::new());
        facts.cluster.clock = Known::Is(500);
        facts.connections[0].fault = Some("spec.url is no address".to_owned());
    });
    for check in ["clock", "running", "spec"] {
        names(&lines, check, &[]);
    }
    assert_eq!(super::key_of("?v1:ff06744e:20c6a7"), Some("ff06744e"));
    for plain in ["v1:20c6a7", "removed", "", "?", "v2:a:b"] {
        assert_eq!(super::key_of(plain), None, "{plain}");
    }
}
