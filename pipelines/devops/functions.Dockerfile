# The Functions package as an image, so that it lies in the registry beside the program's, under the same tag.
FROM scratch
COPY functions.zip /functions.zip
CMD ["/functions.zip"]
