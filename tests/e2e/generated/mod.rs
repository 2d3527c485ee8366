//! Specs made at random from the CRD's own schema: what the API server lets in arrives in the PAM where the vendor's
//! pages say, and what breaks a rule is refused in words that name the field. `PAM_TEST_SEED=random` tries others than
//! usual; a failure prints the seed.

mod case;
mod cel_rules;
mod expected;
mod invalid_specs;
mod schema;
mod secret_checks;
mod text;
mod transitions;
mod valid_specs;
