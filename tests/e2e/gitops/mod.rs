//! P1: tools that apply objects from Git see no difference, read the right health, and may replace objects.

mod differences;
mod health;
mod replace;
