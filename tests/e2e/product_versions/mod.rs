//! P1, P4, P7, P10: the scenarios that depend on the wire, on every product version.

mod adoption;
mod deletion;
mod failures;
mod login;
mod push;

/// Makes one test of each scenario for each version.
macro_rules! on_every_version {
    ($($scenario:ident of $module:ident),+ $(,)?) => {$(
        on_versions! {
            $scenario of $module: on_3_32 V3_32, on_3_33 V3_33, on_3_33_1 V3_33_1, on_4_0 V4_0, on_4_2 V4_2
        }
    )+};
}

/// Makes one test of a scenario for each of these versions.
macro_rules! on_versions {
    ($scenario:ident of $module:ident: $($name:ident $version:ident),+ $(,)?) => {
        mod $scenario {
            use crate::product_versions::$module::$scenario as scenario;
            use pam_simulator::ProductVersion;
            $(
                #[tokio::test]
                async fn $name() {
                    scenario(ProductVersion::$version).await;
                }
            )+
        }
    };
}

on_every_version! {
    a_credential_is_created_rotated_edited_and_then_left_alone of push,
    each_cell_of_the_table_is_kept of adoption,
    what_goes_wrong_is_told_left_alone_and_heals of failures,
    each_answer_to_a_deletion_has_its_consequence of deletion,
}

// Costly, and 4.2 has it in `steady_state.rs`: the oldest and one between.
on_versions! { two_hundred_at_once_take_one_token_and_one_post_each of push: on_3_32 V3_32, on_4_0 V4_0 }
