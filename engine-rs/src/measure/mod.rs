//! One file per measure, each readable against its formula (docs/method.md).
//!
//! A measure is fed one candle's return, range or residual at a time and knows nothing of columns, rules, JSON or Node.

pub mod black_swan;
pub mod gpd;
pub mod jump;
pub mod volatility;
