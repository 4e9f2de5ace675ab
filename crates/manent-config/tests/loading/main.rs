//! Loading as a whole: layers, mistakes, what is shown.

mod layers;
mod mistakes;
mod providers;
mod shown;
#[cfg(test)]
mod world;
