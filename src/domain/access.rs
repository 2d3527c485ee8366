//! Whether a connection's rules let a namespace do what a credential asks for. Pure; nothing is known of the PAM.

/// One rule of a connection (`design.md` 3). A field that is `None` covers what its own documentation says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessRule {
    /// Patterns of namespaces. `None` covers all.
    pub names: Option<Vec<String>>,
    /// Whether the credential's namespace has the labels that the rule asks for. `None` where it asks for none.
    pub selected: Option<bool>,
    /// Patterns of identifiers that a spec may set. `None` covers `{namespace}_*`. Generated ones are always covered.
    pub identifiers: Option<Vec<String>>,
    /// Patterns of hostnames. `None` covers all.
    pub hostnames: Option<Vec<String>>,
    /// What else it allows.
    pub grants: Grants,
}

/// What goes beyond creating and updating records of one's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools, reason = "independent grants, each named at its use")]
pub struct Grants {
    /// Taking over records (`adoptionPolicy: TakeOver`).
    pub take_over: bool,
    /// Rewriting a shared device.
    pub device_settings: bool,
    /// Setting a record's owner.
    pub owner: bool,
    /// Using MySafe, where all namespaces write as one user.
    pub my_safe: bool,
}

impl Grants {
    /// Everything.
    pub const ALL: Self = Self { take_over: true, device_settings: true, owner: true, my_safe: true };
}

/// What a credential asks for.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// The identifier that its spec sets, and the one that would be generated for it.
    pub identifier: (Option<&'a str>, &'a str),
    /// Its hostname. `None` where it has none: the rule's patterns of hostnames say nothing of it.
    pub hostname: Option<&'a str>,
    /// What it cannot do without.
    pub wants: Grants,
}

/// Why a credential may not be served. What is said of rules speaks of no other namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Denial {
    /// Its identifier begins like those that are generated, by this cluster's name or a former one, for another
    /// namespace. No rule helps.
    Reserved {
        /// The cluster's name.
        cluster: String,
    },
    /// No rule is for its namespace.
    NoRule,
    /// The rule of that index (the first is 0) is for its namespace, and lacks these.
    Lacks {
        /// The rule that lacks least; `None` where the connection has no rules, and the default applies.
        rule: Option<usize>,
        /// What it does not cover.
        identifier: bool,
        /// What it does not cover.
        hostname: bool,
        /// What it does not allow.
        grants: Grants,
    },
}

/// What the rules of a connection say to a credential. `clusters` are this cluster's name and its former ones.
///
/// # Errors
///
/// When it may not be served; otherwise what the rules that cover it allow together.
pub fn access(rules: Option<&[AccessRule]>, clusters: &[String], claim: &Claim<'_>) -> Result<Grants, Denial> {
    if let Some(cluster) = clusters.iter().find(|cluster| is_reserved(cluster, claim)) {
        return Err(Denial::Reserved { cluster: cluster.clone() });
    }
    let default = [AccessRule::default()];
    let misses: Vec<(usize, Miss, Grants)> = rules
        .unwrap_or(&default)
        .iter()
        .enumerate()
        .filter(|(_, rule)| covers_namespace(rule, claim.namespace))
        .map(|(index, rule)| (index, miss(rule, clusters, claim), rule.grants))
        .collect();
    let covering = misses.iter().filter(|(_, miss, _)| miss.count() == 0).map(|(.., grants)| *grants);
    match (covering.reduce(both), misses.iter().min_by_key(|(_, miss, _)| miss.count())) {
        (Some(grants), _) => Ok(grants),
        (None, None) => Err(Denial::NoRule),
        (None, Some((index, Miss { identifier, hostname, grants }, _))) => Err(Denial::Lacks {
            rule: rules.map(|_| *index),
            identifier: *identifier,
            hostname: *hostname,
            grants: *grants,
        }),
    }
}

const fn both(a: Grants, b: Grants) -> Grants {
    Grants {
        take_over: a.take_over || b.take_over,
        device_settings: a.device_settings || b.device_settings,
        owner: a.owner || b.owner,
        my_safe: a.my_safe || b.my_safe,
    }
}

/// The PAM may well compare identifiers without regard to case, so that this prefix is guarded in every spelling.
fn is_reserved(cluster: &str, claim: &Claim<'_>) -> bool {
    let Some(identifier) = claim.identifier.0 else { return false };
    let begins = |prefix: &str| identifier.to_lowercase().starts_with(&prefix.to_lowercase());
    begins(&format!("{cluster}_")) && !is_own(cluster, claim)
}

/// Whether it is an identifier that is, or could be, generated for that namespace.
fn is_own(cluster: &str, claim: &Claim<'_>) -> bool {
    let (set, generated) = claim.identifier;
    set.is_none_or(|set| set == generated || set.starts_with(&format!("{cluster}_{}_", claim.namespace)))
}

fn covers_namespace(rule: &AccessRule, namespace: &str) -> bool {
    let named = rule.names.as_ref().is_none_or(|names| names.iter().any(|name| matches_glob(name, namespace)));
    named && rule.selected.unwrap_or(true)
}

/// What a rule for the right namespace lacks.
struct Miss {
    identifier: bool,
    hostname: bool,
    grants: Grants,
}

impl Miss {
    fn count(&self) -> usize {
        let Grants { take_over, device_settings, owner, my_safe } = self.grants;
        [self.identifier, self.hostname, take_over, device_settings, owner, my_safe]
            .into_iter()
            .filter(|miss| *miss)
            .count()
    }
}

fn miss(rule: &AccessRule, clusters: &[String], claim: &Claim<'_>) -> Miss {
    let own = claim.identifier.0.is_none() || clusters.iter().any(|cluster| is_own(cluster, claim));
    let fits = |patterns: &[String], text: &str| {
        patterns.iter().any(|pattern| matches_glob(&pattern.replace("{namespace}", claim.namespace), text))
    };
    let default = ["{namespace}_*".to_owned()];
    let identifiers = rule.identifiers.as_deref().unwrap_or(&default);
    let hostname = claim.hostname.map(str::to_lowercase);
    let lower = |patterns: &Vec<String>| patterns.iter().map(|pattern| pattern.to_lowercase()).collect::<Vec<_>>();
    let (wants, has) = (claim.wants, rule.grants);
    Miss {
        identifier: !own && !fits(identifiers, claim.identifier.0.unwrap_or_default()),
        hostname: rule.hostnames.as_ref().zip(hostname).is_some_and(|(patterns, name)| !fits(&lower(patterns), &name)),
        grants: Grants {
            take_over: wants.take_over && !has.take_over,
            device_settings: wants.device_settings && !has.device_settings,
            owner: wants.owner && !has.owner,
            my_safe: wants.my_safe && !has.my_safe,
        },
    }
}

/// Returns whether `text` fits a pattern in which `*` stands for any characters, none included.
#[must_use]
pub fn matches_glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    // The leftmost place for each part leaves the most for those after it.
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unnecessary_wraps, reason = "it is what the fields take")]
    fn list(patterns: &[&str]) -> Option<Vec<String>> {
        Some(patterns.iter().map(|pattern| (*pattern).to_owned()).collect())
    }

    /// A credential `db` of namespace `shop` on host `db01`.
    fn claim(identifier: Option<&str>) -> Claim<'_> {
        Claim {
            namespace: "shop",
            identifier: (identifier, "c1_shop_db"),
            hostname: Some("db01"),
            wants: Grants::default(),
        }
    }

    fn ask(rules: Option<&[AccessRule]>, claim: &Claim<'_>) -> Result<Grants, Denial> {
        access(rules, &["c1".to_owned(), "old".to_owned()], claim)
    }

    fn lacks(rule: Option<usize>, (identifier, hostname): (bool, bool), grants: Grants) -> Result<Grants, Denial> {
        Err(Denial::Lacks { rule, identifier, hostname, grants })
    }

    #[test]
    fn by_default_a_namespace_has_its_own_identifiers_on_all_hosts_and_nothing_else() {
        let none = Grants::default();
        for own in [None, Some("c1_shop_db"), Some("c1_shop_other"), Some("old_shop_db"), Some("shop_x")] {
            assert_eq!(ask(None, &claim(own)), Ok(none), "{own:?}");
        }
        for foreign in ["shop", "shop-x", "shopx_y", "Shop_x", "other_x", "x"] {
            assert_eq!(ask(None, &claim(Some(foreign))), lacks(None, (true, false), none), "{foreign}");
        }
        let wants = Grants { take_over: true, ..none };
        assert_eq!(ask(None, &Claim { wants, ..claim(None) }), lacks(None, (false, false), wants));
    }

    #[test]
    fn nobody_claims_what_is_generated_for_another_namespace_whatever_the_rules_say() {
        let all = [AccessRule { identifiers: list(&["*"]), grants: Grants::ALL, ..AccessRule::default() }];
        for (theirs, cluster) in [
            ("c1_other_db", "c1"),
            ("c1_shopx_db", "c1"),
            ("C1_other_db", "c1"),
            ("c1_", "c1"),
            ("old_other_db", "old"),
        ] {
            let denial = Err(Denial::Reserved { cluster: cluster.into() });
            assert_eq!(ask(Some(&all), &claim(Some(theirs))), denial, "{theirs}");
        }
        for free in ["c1", "c2_other_db", "c1-x", "c1_shop_db"] {
            assert_eq!(ask(Some(&all), &claim(Some(free))), Ok(Grants::ALL), "{free}");
        }
    }

    #[test]
    fn a_generated_identifier_that_was_cut_may_be_written_down() {
        let generated = "c1_shop-with-a-very-long-na-12345678";
        let cut = Claim { identifier: (Some(generated), generated), ..claim(None) };
        assert_eq!(ask(None, &cut), Ok(Grants::default()));
    }

    #[test]
    fn a_rule_is_for_the_namespaces_it_names_and_selects() {
        let rule = |names: Option<Vec<String>>, selected| [AccessRule { names, selected, ..AccessRule::default() }];
        for (names, selected, covers) in [
            (None, None, true),
            (list(&["shop"]), None, true),
            (list(&["other", "sh*"]), None, true),
            (list(&["other", "shopx", "*x"]), None, false),
            (None, Some(true), true),
            (None, Some(false), false),
            (list(&["shop"]), Some(false), false),
            (list(&["other"]), Some(true), false),
        ] {
            let found = ask(Some(&rule(names.clone(), selected)), &claim(None));
            let expected = if covers { Ok(Grants::default()) } else { Err(Denial::NoRule) };
            assert_eq!(found, expected, "{names:?} {selected:?}");
        }
    }

    #[test]
    fn identifiers_of_a_rule_replace_the_default_but_never_exclude_generated_ones() {
        let rules = [AccessRule { identifiers: list(&["app-{namespace}-*", "x"]), ..AccessRule::default() }];
        for good in [None, Some("c1_shop_db"), Some("app-shop-1"), Some("app-shop-"), Some("x")] {
            assert!(ask(Some(&rules), &claim(good)).is_ok(), "{good:?}");
        }
        for bad in ["shop_x", "app-other-1", "xx", "APP-shop-1", "app-{namespace}-1"] {
            assert_eq!(ask(Some(&rules), &claim(Some(bad))), lacks(Some(0), (true, false), Grants::default()), "{bad}");
        }
    }

    #[test]
    fn hostnames_are_compared_without_regard_to_case() {
        let rules = [AccessRule { hostnames: list(&["DB0*", "{namespace}.example.com"]), ..AccessRule::default() }];
        let on = |hostname| ask(Some(&rules), &Claim { hostname: Some(hostname), ..claim(None) });
        for good in ["db01", "Db09", "db0", "SHOP.example.com"] {
            assert!(on(good).is_ok(), "{good}");
        }
        for bad in ["web01", "xdb01", "other.example.com"] {
            assert_eq!(on(bad), lacks(Some(0), (false, true), Grants::default()), "{bad}");
        }
        assert!(ask(Some(&rules), &Claim { hostname: None, ..claim(None) }).is_ok(), "what has no hostname");
    }

    #[test]
    fn one_rule_must_cover_all_of_it() {
        let identifiers = AccessRule { identifiers: list(&["x"]), hostnames: list(&["web*"]), ..AccessRule::default() };
        let hosts = AccessRule { hostnames: list(&["db*"]), ..AccessRule::default() };
        let rules = [identifiers, hosts];
        assert_eq!(ask(Some(&rules), &claim(Some("x"))), lacks(Some(0), (false, true), Grants::default()));
        assert!(ask(Some(&rules), &claim(None)).is_ok());
    }

    #[test]
    fn what_is_wanted_must_be_in_the_rule_and_what_is_granted_is_of_all_rules_that_cover() {
        let granting = |grants| AccessRule { grants, ..AccessRule::default() };
        let (owner, device) =
            (Grants { owner: true, ..Grants::default() }, Grants { device_settings: true, ..Grants::default() });
        let rules = [granting(owner), granting(device)];
        let both = Grants { owner: true, device_settings: true, ..Grants::default() };
        assert_eq!(ask(Some(&rules), &claim(None)), Ok(both));
        assert_eq!(ask(Some(&rules), &Claim { wants: owner, ..claim(None) }), Ok(owner));
        let denied = lacks(Some(0), (false, false), device);
        assert_eq!(ask(Some(&rules), &Claim { wants: both, ..claim(None) }), denied);
        let my_safe = Grants { my_safe: true, ..Grants::default() };
        let wants = Claim { wants: my_safe, ..claim(None) };
        assert_eq!(ask(Some(&rules), &wants), lacks(Some(0), (false, false), my_safe));
        assert_eq!(ask(None, &wants), lacks(None, (false, false), my_safe), "without rules, too");
        assert_eq!(ask(Some(&[granting(my_safe)]), &wants), Ok(my_safe));
    }

    #[test]
    fn each_grant_may_come_of_either_rule() {
        let none = Grants::default();
        for one in [
            Grants { take_over: true, ..none },
            Grants { device_settings: true, ..none },
            Grants { owner: true, ..none },
            Grants { my_safe: true, ..none },
        ] {
            for pair in [[one, none], [none, one], [one, one]] {
                let rules = pair.map(|grants| AccessRule { grants, ..AccessRule::default() });
                assert_eq!(ask(Some(&rules), &claim(None)), Ok(one), "{pair:?}");
            }
        }
    }

    #[test]
    fn the_rule_that_lacks_least_is_named() {
        let far = AccessRule { identifiers: list(&["y"]), hostnames: list(&["web*"]), ..AccessRule::default() };
        let near = AccessRule { identifiers: list(&["y"]), ..AccessRule::default() };
        let other = AccessRule { names: list(&["other"]), identifiers: list(&["*"]), ..AccessRule::default() };
        let found = ask(Some(&[far, other, near]), &claim(Some("x")));
        assert_eq!(found, lacks(Some(2), (true, false), Grants::default()));
    }

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, text) in [("*", ""), ("*", "a"), ("a*", "a"), ("a*c", "abc"), ("*b*", "abc"), ("a*b*b", "abbb")] {
            assert!(matches_glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("a", ""), ("a*", "ba"), ("a*a", "a"), ("*b", "abc"), ("a*b*c", "acb"), ("*ab*ab", "ab")]
        {
            assert!(!matches_glob(pattern, text), "{pattern} {text}");
        }
    }
}
