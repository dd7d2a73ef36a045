# Writes panel.csv and the files of R and haven. Run: Rscript write.R
d <- data.frame(
  province = factor(rep(c("Beijing", "Tianjin", "Hebei"), each = 3)),
  year = rep(2010:2012, 3),
  region = rep(c("coast", "coast", "inland"), each = 3),
  y = c(.1, .2, 1 / 3, 1, 2, 2.5, 4, 5, 6),
  x = c(1.5, 2, 3, 4, 5, 6, 7, 8, 1e-7)
)
exact <- transform(d, y = format(y, digits = 17, trim = TRUE), x = format(x, digits = 17, trim = TRUE))
write.csv(exact, "panel.csv", row.names = FALSE, quote = FALSE)
saveRDS(d, "frame.rds")
p <- plm::pdata.frame(d, index = c("province", "year"))
saveRDS(p, "pdata.rds", compress = "xz")
numbers <- 1:3
save(p, numbers, file = "one_frame.RData")
save(d, p, file = "two_frames.RData")
saveRDS(list(1, "a"), "no_frame.rds")
haven::write_dta(transform(d, province = as.character(province)), "haven.dta")
