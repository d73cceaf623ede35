//! Hostile candles through annotate and push: never a panic, a typed error or numbers within the contract of their columns, the same from both.

mod common;
#[path = "common/hostile.rs"]
mod hostile;

use hostile::{Rows, check, params};
use proptest::prelude::*;
use talebridge_engine::{Params, Profile, WindowSet};

/// A program that first fills every window, so that what follows is assessed.
fn warmed(bytes: &[u8]) -> Vec<u8> {
    [&[10, 1][..], bytes].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_program_of_candles_is_answered_within_the_contract(settings: [u8; 8], program in prop::collection::vec(any::<u8>(), 0..60)) {
        check(&params(settings), &Rows::of(&program));
        check(&params(settings), &Rows::of(&warmed(&program)));
    }
}

/// The named hostile inputs, each from its first row and after a filled window.
#[test]
fn named_hostilities_are_answered_within_the_contract() {
    const FULL: u8 = 255;
    let repeat = |operation: &[u8], times: usize| operation.repeat(times);
    let programs: [(&str, Vec<u8>); 17] = [
        ("constants", repeat(&[1, FULL], 6)),
        ("zero-volume filler", repeat(&[5, FULL, 0, 3, 7, 30], 8)),
        ("a tick of 1e8 and back", repeat(&[0, 200, 9, 30, 2, 13], 5)),
        ("1e300 and back", repeat(&[0, 100, 9, 30, 2, 11, 2, 12], 8)),
        ("subnormal prices", [vec![11, 8], repeat(&[0, FULL, 4, 40], 6)].concat()),
        ("largest prices", [vec![11, 10], repeat(&[0, FULL, 4, 40], 6)].concat()),
        ("prices of 1e-8", [vec![11, 14], repeat(&[0, FULL, 4, 36], 6)].concat()),
        ("prices of 1e6", [vec![11, 15], repeat(&[0, FULL, 4, 36], 6)].concat()),
        ("coarse ticks", repeat(&[9, FULL, 2], 6)),
        ("gaps", repeat(&[4, 200, 0, 20, 5, 33], 60)),
        ("huge volumes", repeat(&[14, FULL, 10], 6)),
        ("tiny volumes", repeat(&[14, FULL, 8], 6)),
        ("no market", [vec![13, 4], repeat(&[0, FULL, 4, 36], 6)].concat()),
        ("a market of 1e300, of 1e-300 and of none", repeat(&[13, 11, 0, 90, 4, 36, 13, 12, 0, 90, 5, 36, 13, 4, 0, 30, 6, 36], 8)),
        ("a market that stands still at the smallest price", [vec![13, 8], repeat(&[0, FULL, 4, 36], 6)].concat()),
        ("ranges of 1e300", repeat(&[12, 11, 2, 0, 20, 8, 30], 40)),
        ("duplicates, disorder, NaN, infinities and minus zero", repeat(&[0, 60, 3, 33, 6, 7, 3, 8, 2, 4, 8, 3, 5, 8, 5, 6, 8, 4, 1], 14)),
    ];
    for (name, program) in programs {
        for set in WindowSet::ALL {
            let params = Params::new(Profile::Conservative, set, 300);
            println!("{name}, {}", set.name());
            check(&params, &Rows::of(&program));
            let assessed = check(&params, &Rows::of(&warmed(&program)));
            assert!(assessed > params.memory_rows(), "{name}: only {assessed} rows were accepted, none assessed");
        }
    }
}

/// 0, 1, M − 1, M and M + 1 rows: the first assessment is that of row M.
#[test]
fn around_the_first_ready_row() {
    let params = Params::new(Profile::Aggressive, WindowSet::Compact, 300);
    let m = params.memory_rows();
    let all = Rows::of(&[10, 3, 10, 4]);
    assert!(all.0.len() > m + 1);
    for rows in [0, 1, m - 1, m, m + 1] {
        assert_eq!(check(&params, &Rows(all.0[..rows].to_vec())), rows);
    }
}
