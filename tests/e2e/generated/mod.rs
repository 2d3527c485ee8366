//! P1, P8: specs generated from the CRD's schema arrive in the PAM as the vendor's pages say, or are refused in words
//! that name the field.
//!
//! `PAM_TEST_SEED=random` tries other specs than usual; a failure prints its seed.

mod case;
mod cel_rules;
mod expected;
mod invalid_specs;
mod schema;
mod secret_checks;
mod text;
mod transitions;
mod valid_specs;
