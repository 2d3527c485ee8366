//! Decoding that accepts what the PAM's versions really send: ids as text or number, booleans as `"0"`, `null` where
//! the API promises a text (API 7 #14 to #17).

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Reads a text; numbers and booleans become text; everything else is `None`.
pub(in crate::pam) fn lenient_string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Scalar)
}

/// Reads a boolean, also as `0`, `1`, `"0"`, `"1"`, `"true"`, `"false"`; everything else is `None`.
pub(in crate::pam) fn lenient_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(lenient_string(deserializer)?.and_then(|text| match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }))
}

/// Reads a whole number, also as text; everything else is `None`.
pub(in crate::pam) fn lenient_i64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(lenient_string(deserializer)?.and_then(|text| whole(text.trim())))
}

/// Reads the whole part of a number; one that does not fit becomes the nearest that does.
fn whole(text: &str) -> Option<i64> {
    let digits = text.split('.').next().unwrap_or(text);
    let saturated = if digits.starts_with('-') { i64::MIN } else { i64::MAX };
    let is_number = !digits.is_empty() && digits.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(saturated))
}

/// Reads an object; anything else is `None`. What is skipped is never held: an untagged enum would hold the whole value
/// first, in many times its length.
pub(in crate::pam) fn if_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(Object(PhantomData))
}

/// Reads an object, and anything else as `None`.
struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Reads a text, a number or a boolean as text, and anything else as `None`.
struct Scalar;

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(value.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        // `1e308` has 309 digits: written in full, it would take fifty times its bytes.
        let is_short = value == 0.0 || (1e-6..1e16).contains(&value.abs());
        Ok(Some(if is_short { value.to_string() } else { format!("{value:e}") }))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn string(value: &Value) -> Option<String> {
        lenient_string(value).unwrap()
    }

    #[test]
    fn scalars_become_text_and_the_rest_nothing() {
        assert_eq!(string(&json!("a")), Some("a".into()));
        assert_eq!(string(&json!(77)), Some("77".into()));
        assert_eq!(string(&json!(-1)), Some("-1".into()));
        assert_eq!(string(&json!(12.7)), Some("12.7".into()));
        for value in [json!(null), json!([1, [2]]), json!({"a": {"b": 1}})] {
            assert_eq!(string(&value), None);
        }
    }

    #[test]
    fn no_number_is_longer_as_text_than_its_digits() {
        for number in [1e308, -1e308, 1e-308, 1.797_693_134_862_315_7e308, f64::MIN_POSITIVE, 0.0] {
            let text = string(&json!(number)).unwrap();
            assert!(text.len() <= 24 && text.parse() == Ok(number), "{text}");
        }
    }

    #[test]
    fn only_an_object_is_an_object() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct One {
            a: u8,
        }
        let read = |text: &str| if_object::<_, One>(&mut serde_json::Deserializer::from_str(text));
        assert_eq!(read(r#"{"a":1}"#).unwrap(), Some(One { a: 1 }));
        for text in ["null", "true", "1", "-1", "1.5", "\"a\"", "\"\\n\"", "[1]", "[{\"a\":1}]"] {
            assert_eq!(read(text).unwrap(), None, "{text}");
        }
        assert!(read("{").is_err() && read("[0,").is_err() && read("").is_err());
    }

    #[test]
    fn booleans_come_in_many_shapes() {
        for value in [json!(true), json!(1), json!("1"), json!("True")] {
            assert_eq!(lenient_bool(&value).unwrap(), Some(true));
        }
        for value in [json!(false), json!(0), json!("0"), json!("false")] {
            assert_eq!(lenient_bool(&value).unwrap(), Some(false));
        }
        for value in [json!(null), json!("yes"), json!([])] {
            assert_eq!(lenient_bool(&value).unwrap(), None);
        }
    }

    #[test]
    fn numbers_are_whole_and_saturate() {
        assert_eq!(lenient_i64(&json!("3600")).unwrap(), Some(3600));
        assert_eq!(lenient_i64(&json!(-5)).unwrap(), Some(-5));
        assert_eq!(lenient_i64(&json!(12.7)).unwrap(), Some(12));
        assert_eq!(lenient_i64(&json!("99999999999999999999999")).unwrap(), Some(i64::MAX));
        for value in [json!("soon"), json!(null), json!(""), json!("1-2")] {
            assert_eq!(lenient_i64(&value).unwrap(), None);
        }
    }
}
