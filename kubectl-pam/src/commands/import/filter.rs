//! Which records of the list are meant: `--filter FIELD=PATTERN`.

use std::str::FromStr;

use pam_operator::domain::matches_glob;
use pam_operator::pam::ListedCredential;

/// One condition on a record: a field, a pattern in which `*` stands for any characters, and whether it must fit or must not.
/// Upper and lower case do not differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    field: Field,
    pattern: String,
    must_fit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Id,
    Identifier,
    Username,
    Hostname,
    Ip,
    Type,
}

const FIELDS: [(&str, Field); 6] = [
    ("id", Field::Id),
    ("identifier", Field::Identifier),
    ("username", Field::Username),
    ("hostname", Field::Hostname),
    ("ip", Field::Ip),
    ("type", Field::Type),
];

impl Filter {
    /// Returns true if the record is meant.
    #[must_use]
    pub fn matches(&self, record: &ListedCredential) -> bool {
        let text = match self.field {
            Field::Id => &*record.id,
            Field::Identifier => record.identifier.as_deref().unwrap_or_default(),
            Field::Username => &record.username,
            Field::Hostname => &record.hostname,
            Field::Ip => &record.ip,
            Field::Type => &record.kind,
        };
        matches_glob(&self.pattern, &text.to_lowercase()) == self.must_fit
    }
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, pattern) = text.split_once('=').ok_or_else(|| usage(text))?;
        let (name, must_fit) = name.strip_suffix('!').map_or((name, true), |name| (name, false));
        let (_, field) = FIELDS.into_iter().find(|(known, _)| *known == name).ok_or_else(|| usage(text))?;
        Ok(Self { field, pattern: pattern.to_lowercase(), must_fit })
    }
}

fn usage(text: &str) -> String {
    let names = FIELDS.map(|(name, _)| name).join(", ");
    format!("{text:?} is no filter: write FIELD=PATTERN or FIELD!=PATTERN with one of the fields {names}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> ListedCredential {
        ListedCredential {
            id: 101.into(),
            username: "Svc@Example.com".into(),
            hostname: "db01.example.com".into(),
            kind: "Local User".into(),
            ..ListedCredential::default()
        }
    }

    #[test]
    fn a_filter_is_a_field_and_a_pattern() {
        let fits = |text: &str| text.parse::<Filter>().unwrap().matches(&record());
        for text in
            ["id=101", "hostname=DB*.example.com", "username=*@example.com", "type!=Domain*", "identifier=", "ip="]
        {
            assert!(fits(text), "{text}");
        }
        for text in ["id=10", "hostname=db", "type!=local*", "identifier=*x", "ip!="] {
            assert!(!fits(text), "{text}");
        }
    }

    #[test]
    fn anything_else_is_an_error_that_names_the_fields() {
        for text in ["", "hostname", "host=db", "=x", "Hostname=db", "hostname!db"] {
            assert!(text.parse::<Filter>().unwrap_err().contains("hostname"), "{text}");
        }
    }
}
