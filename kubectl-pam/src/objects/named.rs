//! What users name: kinds, objects and connections.

use std::fmt;
use std::str::FromStr;

use pam_operator::api::ConnectionKind;

use super::kind::Kind;

/// A kind, or one object of it: `pamcred`, `pamcred/db`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The kind.
    pub kind: Kind,
    /// The object; absent: all of the kind.
    pub name: Option<String>,
}

impl Named {
    /// Reads an object; a name without a kind is a PamCredential's.
    pub fn object(text: &str) -> Result<Self, String> {
        if text.contains('/') { text.parse() } else { Ok(Self::credential(text)) }
    }

    fn credential(name: &str) -> Self {
        Self { kind: Kind::PamCredential, name: Some(name.to_owned()) }
    }

    /// Reads a kind, an object of it, or, as `plan` and `sync` do, the name of a PamCredential without its kind.
    pub fn with_bare_name(text: &str) -> Result<Self, String> {
        let is_name = |text: &str| {
            let may_be = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
            !text.is_empty() && text.chars().all(may_be)
        };
        text.parse().or_else(|error| if is_name(text) { Ok(Self::credential(text)) } else { Err(error) })
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            None => Ok(Self { kind: text.parse()?, name: None }),
            Some((_, "")) => Err(format!("{text} names no object: give KIND/NAME")),
            Some((kind, name)) => Ok(Self { kind: kind.parse()?, name: Some(name.to_owned()) }),
        }
    }
}

/// A connection as the user names it: `main`, or `pamconn/main` where both kinds have one of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionName {
    /// The kind, if the user gave one.
    pub kind: Option<ConnectionKind>,
    /// The name.
    pub name: String,
}

impl FromStr for ConnectionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once('/') {
            None => (None, text),
            Some((kind, name)) => match kind.parse()? {
                Kind::ClusterPamConnection => (Some(ConnectionKind::ClusterPamConnection), name),
                Kind::PamConnection => (Some(ConnectionKind::PamConnection), name),
                other => return Err(format!("{other} is no connection: give pamconn/NAME or clusterpamconn/NAME")),
            },
        };
        if name.is_empty() {
            Err("give the name of a connection".to_owned())
        } else {
            Ok(Self { kind, name: name.to_owned() })
        }
    }
}

impl fmt::Display for ConnectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(f, "{kind:?} {}", self.name),
            None => write!(f, "connection {}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_a_kind_or_one_object() {
        let db = Named { kind: Kind::PamCredential, name: Some("db".to_owned()) };
        assert_eq!("pamcred/db".parse(), Ok(db));
        assert_eq!("pamconn".parse(), Ok(Named { kind: Kind::PamConnection, name: None }));
        assert!("pamcred/".parse::<Named>().is_err() && "db".parse::<Named>().is_err());
    }

    #[test]
    fn a_name_without_a_kind_is_that_of_a_credential_unless_it_is_a_kind() {
        let named = |text: &str| Named::with_bare_name(text).map(|named| (named.kind, named.name));
        assert_eq!(named("db-1"), Ok((Kind::PamCredential, Some("db-1".to_owned()))));
        assert_eq!(named("pamconn"), Ok((Kind::PamConnection, None)));
        assert_eq!(named("mysafe/registrar"), Ok((Kind::MySafePassword, Some("registrar".to_owned()))));
        for text in ["", "Db", "pods/db", "pamcred/", "a b"] {
            assert!(named(text).is_err(), "{text}");
        }
        let object = |text: &str| Named::object(text).map(|named| named.kind);
        assert_eq!((object("pamconn"), object("mysafe/x")), (Ok(Kind::PamCredential), Ok(Kind::MySafePassword)));
    }

    #[test]
    fn a_connection_is_named_with_or_without_its_kind() {
        let named = |text: &str| text.parse::<ConnectionName>().map(|name| (name.kind, name.name));
        assert_eq!(named("main"), Ok((None, "main".to_owned())));
        assert_eq!(named("pamconn/main"), Ok((Some(ConnectionKind::PamConnection), "main".to_owned())));
        for text in ["", "pamconn/", "pamcred/main", "x/main"] {
            assert!(named(text).is_err(), "{text}");
        }
    }
}
