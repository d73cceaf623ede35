//! Parameters: any text is refused with named violations, or gives parameters that survive being written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talebridge_engine::Params;

/// A message quotes at most 40 characters of the input, and knows at most a few hundred names.
const LONGEST_MESSAGE: usize = 4096;

fuzz_target!(|text: &str| match Params::from_json(text) {
    Ok(params) => {
        let again = Params::from_json(&params.to_json().to_string());
        assert_eq!(again.as_ref().map(Params::fingerprint), Ok(params.fingerprint()));
        assert_eq!(again, Ok(params));
    }
    Err(violations) => {
        assert!(!violations.is_empty());
        assert!(violations.iter().all(|violation| !violation.message.is_empty() && violation.message.len() < LONGEST_MESSAGE));
    }
});
