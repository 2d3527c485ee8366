//! The four-digit codes of PAM Core's credential calls (API 2.8): what each means, and which field it is about.
//!
//! Other resources give the same numbers other meanings (API 1.7): this catalogue is for credentials only.

/// One code of the catalogue.
struct Code {
    number: u16,
    meaning: Meaning,
    /// The field's name in the API, if the code is about one.
    field: Option<&'static str>,
    /// What happened and what to do about it.
    words: &'static str,
}

/// What a code means for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Rejected,
    NotFound,
    DeviceNotFound,
    Denied,
}

/// Returns what a code means; one that is not in the catalogue is a refusal.
pub(super) fn meaning_of(number: u16) -> Meaning {
    known(number).map_or(Meaning::Rejected, |code| code.meaning)
}

/// Returns the field that a code is about, by its name in the API: `device_domain` for 1029. A `*` replaces the part of
/// the name that the code leaves open: 1046 does not say which of the plugins. `None` for codes about no field, and for
/// unknown codes.
#[must_use]
pub fn field_of(code: u16) -> Option<&'static str> {
    known(code)?.field
}

/// Returns what happened and what to do about it, if the code is in the catalogue.
pub(in crate::pam) fn words_of(number: u16) -> Option<&'static str> {
    known(number).map(|code| code.words)
}

fn known(number: u16) -> Option<&'static Code> {
    CATALOGUE.iter().find(|code| code.number == number)
}

/// Returns a code that refuses the value of a field.
const fn rejected(number: u16, field: &'static str, words: &'static str) -> Code {
    Code { number, meaning: Meaning::Rejected, field: Some(field), words }
}

/// Returns a code that is about no field.
const fn about_none(number: u16, meaning: Meaning, words: &'static str) -> Code {
    Code { number, meaning, field: None, words }
}

/// The catalogue, in the order of the numbers. It has codes of devices, SSH keys and protected information as far as an
/// answer to a credential call might carry them: the call's device block is a device's, and an id may be an SSH key's.
const CATALOGUE: [Code; 25] = [
    rejected(1003, "identifier", "what the PAM finds there is not a credential: choose another identifier"),
    rejected(1004, "hostname", "the PAM requires a hostname: set hostname"),
    rejected(1005, "ip", "the PAM requires an address: set ip"),
    about_none(
        1007,
        Meaning::NotFound,
        "the PAM has no such credential, or the authorization does not see it: add it to the authorization in the PAM, \
         and check other credentials that this one names",
    ),
    about_none(1008, Meaning::Rejected, "the credential is disabled in the PAM: enable it there"),
    about_none(
        1009,
        Meaning::Denied,
        "the authorization has no access to this credential: add the credential to the authorization in the PAM",
    ),
    rejected(1010, "identifier", "what the PAM finds there is not a credential: choose another identifier"),
    Code {
        number: 1011,
        meaning: Meaning::DeviceNotFound,
        field: Some("hostname"),
        words: "the PAM knows no device with this hostname and ip, or the authorization does not see it: \
                register the device in the PAM or correct hostname and ip",
    },
    rejected(1015, "identifier", "the PAM takes this for an SSH key that it does not find: choose another identifier"),
    rejected(1016, "identifier", "the record in the PAM is no SSH key: choose another identifier"),
    // 1017 has two meanings: a disabled credential up to 3.32, a disabled SSH key since 3.33.
    about_none(
        1017,
        Meaning::Rejected,
        "the record in the PAM is disabled, or an SSH key's: enable it there, or choose another identifier",
    ),
    rejected(1019, "site", "the PAM requires the device's site: set it in the device's settings"),
    rejected(1020, "model", "the PAM requires the device's model: set it in the device's settings"),
    rejected(1021, "vendor", "the PAM requires the device's vendor: set it in the device's settings"),
    rejected(1022, "type", "the PAM requires the device's type: set it in the device's settings"),
    rejected(
        1029,
        "device_domain",
        "the PAM does not know a domain: register it in the PAM, or correct the device's domains, or domain",
    ),
    about_none(
        1039,
        Meaning::Denied,
        "the authorization is only allowed to read: give it the PAM resource permission \"read and write\" in the PAM",
    ),
    rejected(1042, "username", "the PAM does not accept the username: correct it"),
    about_none(1043, Meaning::Rejected, "the credential is enabled in the PAM already"),
    about_none(1044, Meaning::Rejected, "the device is enabled in the PAM already"),
    about_none(1045, Meaning::Rejected, "the SSH key is enabled in the PAM already"),
    rejected(
        1046,
        "jit_settings.credential_*_plugin",
        "a plugin of the JIT settings is missing, or the PAM does not know it: register it in the PAM or correct it",
    ),
    rejected(
        1047,
        "jit_settings.credential_*_template",
        "a template of the JIT settings is missing, or the PAM does not know it: register it in the PAM or correct it",
    ),
    rejected(1052, "username", "the PAM already holds this account on this device: remove or rename one of them"),
    rejected(
        1053,
        "identifier",
        "the PAM does not accept the identifier: use letters, digits, \"_\", \"-\" and \".\" only",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_stands_once_and_says_what_to_do() {
        for (index, code) in CATALOGUE.iter().enumerate() {
            assert!(CATALOGUE[..index].iter().all(|earlier| earlier.number < code.number), "{}", code.number);
            let already = [1043, 1044, 1045].contains(&code.number);
            assert!(already || code.words.contains(": "), "{}: no remedy", code.number);
        }
    }

    #[test]
    fn a_code_names_its_field_if_it_is_about_one() {
        assert_eq!((field_of(1029), field_of(1053)), (Some("device_domain"), Some("identifier")));
        assert_eq!((field_of(1039), field_of(9999)), (None, None));
    }
}
