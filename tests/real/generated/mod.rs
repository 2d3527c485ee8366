//! Specs made at random from the CRD's own schema: what the API server lets in arrives in the PAM where the vendor's
//! pages say, and what breaks a rule is refused in words that name the field. `PAM_TEST_SEED=random` tries others than
//! usual; a failure prints the seed.

mod arrive;
mod case;
#[path = "../../shared/chance.rs"]
mod chance;
mod expected;
mod letters;
mod refuse;
mod rules;
mod schema;
mod secrets;
mod transitions;
