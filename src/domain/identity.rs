//! The identifier under which the PAM knows a credential whose spec names none.

/// Longest generated identifier, in characters (API 7 #3: no limit is published, so a modest one is kept).
const LONGEST: usize = 64;

/// `{cluster}_{namespace}_{name}` with every character outside `[A-Za-z0-9_-]` turned to `-`; when that alters
/// or exceeds 64 characters, it is cut and ends in `-` and `fingerprint` of the whole, so that two names which
/// look alike once altered stay apart.
///
/// `fingerprint` must return the same few characters of `[a-z0-9]` for the same text for ever.
#[must_use]
pub fn generated_identifier(
    cluster: &str,
    namespace: &str,
    name: &str,
    fingerprint: impl Fn(&str) -> String,
) -> String {
    let whole = format!("{cluster}_{namespace}_{name}");
    let plain: String = whole.chars().map(|c| if is_allowed(c) { c } else { '-' }).collect();
    if plain == whole && plain.len() <= LONGEST {
        return plain;
    }
    let mark = fingerprint(&whole);
    let kept: String = plain.chars().take(LONGEST.saturating_sub(mark.len() + 1)).collect();
    format!("{kept}-{mark}")
}

/// The name of a cluster under which [`generated_identifier`] makes `identifier` for that object, if there is one.
#[must_use]
pub fn generated_under<'a>(
    identifier: &'a str,
    namespace: &str,
    name: &str,
    fingerprint: impl Fn(&str) -> String,
) -> Option<&'a str> {
    // No cluster's name has a `_`, and no namespace's.
    let (cluster, _) = identifier.split_once('_')?;
    (!cluster.is_empty() && generated_identifier(cluster, namespace, name, fingerprint) == identifier)
        .then_some(cluster)
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(text: &str) -> String {
        format!("{:08x}", text.bytes().fold(7_u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b))))
    }

    #[test]
    fn a_plain_name_is_kept_as_it_is() {
        assert_eq!(generated_identifier("c1", "shop", "db", mark), "c1_shop_db");
    }

    #[test]
    fn names_that_look_alike_once_altered_stay_apart() {
        let dotted = generated_identifier("c1", "shop", "db.main", mark);
        let dashed = generated_identifier("c1", "shop", "db-main", mark);
        assert_ne!(dotted, dashed);
        assert!(dotted.starts_with("c1_shop_db-main-"), "{dotted}");
    }

    #[test]
    fn a_long_name_is_cut_to_the_limit_and_stays_apart() {
        let (a, b) = ("a".repeat(253), format!("{}b", "a".repeat(252)));
        let (one, two) = (generated_identifier("c", "n", &a, mark), generated_identifier("c", "n", &b, mark));
        assert_eq!(one.len(), 64);
        assert_ne!(one, two);
    }

    #[test]
    fn the_cluster_of_a_generated_identifier_is_told_by_its_own_object_only() {
        let long = "a".repeat(253);
        for name in ["db", "db.main", &long] {
            let made = generated_identifier("old-1", "shop", name, mark);
            assert_eq!(generated_under(&made, "shop", name, mark), Some("old-1"), "{made}");
            assert_eq!(generated_under(&made, "shop2", name, mark), None);
            assert_eq!(generated_under(&made, "shop", "other", mark), None);
        }
        for other in ["", "_shop_db", "db", "old_1_shop_db", "shop_db"] {
            assert_eq!(generated_under(other, "shop", "db", mark), None, "{other}");
        }
    }

    #[test]
    fn every_generated_identifier_is_one_the_pam_accepts() {
        for name in ["a.b", "ü", "a b", "x_y", "-"] {
            let made = generated_identifier("c", "n", name, mark);
            assert!(made.chars().all(is_allowed) && made.len() <= 64, "{made}");
        }
    }
}
