//! Where the product's versions differ on the wire.

use crate::pam::endpoint::{
    AdditionalSettingsShape, BooleanForm, Compatibility, CriticalityCase, EndpointError, NotesPlacement, NumberForm,
    Product, ProductVersion,
};

/// How one connection spells requests: the ways of its version, with its overrides applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pam) struct Dialect {
    /// Begins with a slash, or is empty.
    pub(in crate::pam) prefix: String,
    pub(in crate::pam) token_path: String,
    pub(in crate::pam) notes: NotesPlacement,
    pub(in crate::pam) settings: AdditionalSettingsShape,
    pub(in crate::pam) criticality: CriticalityCase,
    pub(in crate::pam) booleans: BooleanForm,
    pub(in crate::pam) numbers: NumberForm,
    /// True if 1017 means "already inactive" and "already active" (API 6.1): up to 3.32. Later it is about SSH keys.
    pub(in crate::pam) already_is_1017: bool,
}

impl Dialect {
    /// Returns the dialect of a product's version with overrides, or which override is no usable path.
    pub(in crate::pam) fn of(
        product: Product,
        version: ProductVersion,
        overrides: &Compatibility,
    ) -> Result<Self, EndpointError> {
        let prefix = match overrides.api_prefix.as_deref() {
            Some(prefix) => path(prefix).ok_or(EndpointError::ApiPrefix)?,
            None => product.prefix(version),
        };
        let token_path = match overrides.token_path.as_deref() {
            Some(given) => path(given).filter(|path| !path.is_empty()).ok_or(EndpointError::TokenPath)?.to_owned(),
            None => format!("{prefix}/oauth2/token"),
        };
        let legacy = version.is_legacy();
        let notes = if legacy { NotesPlacement::AdditionalSettings } else { NotesPlacement::TopLevel };
        let settings = if legacy { AdditionalSettingsShape::Object } else { AdditionalSettingsShape::Array };
        Ok(Self {
            prefix: prefix.to_owned(),
            token_path,
            notes: overrides.notes_placement.unwrap_or(notes),
            settings: overrides.additional_settings_shape.unwrap_or(settings),
            criticality: overrides.criticality_case.unwrap_or_default(),
            booleans: overrides.boolean_form.unwrap_or_default(),
            numbers: overrides.number_form.unwrap_or_default(),
            already_is_1017: legacy,
        })
    }
}

/// Returns a plain path without its final slash; `None` if a part of it has a meaning of its own in a URL.
fn path(text: &str) -> Option<&str> {
    if text == "/" {
        return Some("");
    }
    let segments = text.strip_suffix('/').unwrap_or(text).strip_prefix('/')?;
    let plain = |segment: &str| {
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        !matches!(segment, "" | "." | "..") && segment.bytes().all(usual)
    };
    segments.split('/').all(plain).then(|| text.strip_suffix('/').unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(version: &str, overrides: &Compatibility) -> Result<Dialect, EndpointError> {
        Dialect::of(Product::PamCore, ProductVersion::parse(version).unwrap(), overrides)
    }

    #[test]
    fn my_safe_is_under_api_in_every_version_unless_the_connection_says_otherwise() {
        let my_safe = |version, overrides: &Compatibility| {
            Dialect::of(Product::MySafe, ProductVersion::parse(version).unwrap(), overrides).unwrap()
        };
        for version in ["3.30", "3.32", "3.33", "4.2"] {
            let usual = my_safe(version, &Compatibility::default());
            assert_eq!((usual.prefix.as_str(), usual.token_path.as_str()), ("/api", "/api/oauth2/token"));
            let iso = Compatibility { api_prefix: Some("/iso".into()), ..Compatibility::default() };
            assert_eq!(my_safe(version, &iso).token_path, "/iso/oauth2/token");
        }
    }

    #[test]
    fn each_version_has_its_ways() {
        for version in ["3.30", "3.31", "3.32", "3.32.4"] {
            let old = Dialect {
                prefix: "/iso".into(),
                token_path: "/iso/oauth2/token".into(),
                notes: NotesPlacement::AdditionalSettings,
                settings: AdditionalSettingsShape::Object,
                criticality: CriticalityCase::Capitalized,
                booleans: BooleanForm::Literal,
                numbers: NumberForm::Number,
                already_is_1017: true,
            };
            assert_eq!(dialect(version, &Compatibility::default()), Ok(old), "{version}");
        }
        for version in ["3.33", "3.33.1", "4.0", "4.2", "4.9"] {
            let new = Dialect {
                prefix: "/api".into(),
                token_path: "/api/oauth2/token".into(),
                notes: NotesPlacement::TopLevel,
                settings: AdditionalSettingsShape::Array,
                criticality: CriticalityCase::Capitalized,
                booleans: BooleanForm::Literal,
                numbers: NumberForm::Number,
                already_is_1017: false,
            };
            assert_eq!(dialect(version, &Compatibility::default()), Ok(new), "{version}");
        }
    }

    #[test]
    fn each_difference_is_overridden_by_itself() {
        let own = Compatibility::default;
        let prefix = dialect("4.2", &Compatibility { api_prefix: Some("/iso/".into()), ..own() }).unwrap();
        assert_eq!((prefix.prefix.as_str(), prefix.token_path.as_str()), ("/iso", "/iso/oauth2/token"));
        assert_eq!((prefix.notes, prefix.already_is_1017), (NotesPlacement::TopLevel, false));
        let none = dialect("4.2", &Compatibility { api_prefix: Some("/".into()), ..own() }).unwrap();
        assert_eq!((none.prefix.as_str(), none.token_path.as_str()), ("", "/oauth2/token"));
        let token = dialect("4.2", &Compatibility { token_path: Some("/iso/oauth2/token".into()), ..own() }).unwrap();
        assert_eq!((token.prefix.as_str(), token.token_path.as_str()), ("/api", "/iso/oauth2/token"));
        let notes = Compatibility { notes_placement: Some(NotesPlacement::TopLevel), ..own() };
        let notes = dialect("3.32", &notes).unwrap();
        assert_eq!((notes.notes, notes.settings), (NotesPlacement::TopLevel, AdditionalSettingsShape::Object));
        let shape = Compatibility {
            additional_settings_shape: Some(AdditionalSettingsShape::Object),
            ..Compatibility::default()
        };
        let shape = dialect("4.0", &shape).unwrap();
        assert_eq!((shape.notes, shape.settings), (NotesPlacement::TopLevel, AdditionalSettingsShape::Object));
        for version in ["3.32", "4.2"] {
            let usual = dialect(version, &own()).unwrap();
            let low = Compatibility { criticality_case: Some(CriticalityCase::LowerCase), ..own() };
            let low = dialect(version, &low).unwrap();
            assert_eq!(low, Dialect { criticality: CriticalityCase::LowerCase, ..usual.clone() });
            let digits = dialect(version, &Compatibility { boolean_form: Some(BooleanForm::Digit), ..own() }).unwrap();
            assert_eq!(digits, Dialect { booleans: BooleanForm::Digit, ..usual.clone() });
            let texts = dialect(version, &Compatibility { number_form: Some(NumberForm::Text), ..own() }).unwrap();
            assert_eq!(texts, Dialect { numbers: NumberForm::Text, ..usual });
        }
    }

    #[test]
    fn a_path_cannot_leave_its_place() {
        for bad in
            ["", "api", "//evil", "/a//b", "/../x", "/a/.", "/a?b", "/a#b", "/a%2e", "/a\\b", "/a@b", "/a b", "//"]
        {
            let prefix = Compatibility { api_prefix: Some(bad.into()), ..Compatibility::default() };
            assert_eq!(dialect("4.2", &prefix), Err(EndpointError::ApiPrefix), "{bad:?}");
            let token = Compatibility { token_path: Some(bad.into()), ..Compatibility::default() };
            assert_eq!(dialect("4.2", &token), Err(EndpointError::TokenPath), "{bad:?}");
        }
        let root = Compatibility { token_path: Some("/".into()), ..Compatibility::default() };
        assert_eq!(dialect("4.2", &root), Err(EndpointError::TokenPath));
    }
}
