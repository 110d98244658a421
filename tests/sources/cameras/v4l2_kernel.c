/* Stands in for a kernel with cameras: loaded before libc, it answers the V4L2 ioctls of files named
   video0, video1 ... in the structs of the kernel's own header. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WEBCAM, METADATA, SENSOR, RANGE };

static int number_of(int fd) {
    char link[64], path[4096];
    int number = -1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return -1;
    path[length] = 0;
    char *name = strrchr(path, '/');
    return name && sscanf(name, "/video%d", &number) == 1 ? number : -1;
}

static int refuse(int code) { errno = code; return -1; }

static int query(int number, struct v4l2_capability *answer) {
    static const char *drivers[] = {"uvcvideo", "uvcvideo", "unicam", "ranger"};
    static const char *names[] = {"Desk\033 Camera", "Desk Camera", "Sensor", "Grabber"};
    static const unsigned own[] = {V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_META_CAPTURE,
                                   V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE};
    memset(answer, 0, sizeof *answer);
    strcpy((char *)answer->driver, drivers[number]);
    strcpy((char *)answer->card, names[number]);
    answer->device_caps = own[number];
    answer->capabilities = V4L2_CAP_DEVICE_CAPS | V4L2_CAP_VIDEO_CAPTURE | own[number];
    return 0;
}

static int list_formats(int number, struct v4l2_fmtdesc *format) {
    static const unsigned codes[] = {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV};
    unsigned kind = number == RANGE ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
    unsigned count = number == WEBCAM ? 2 : 1;
    if (format->type != kind || format->index >= count) return refuse(EINVAL);
    format->pixelformat = number == RANGE ? V4L2_PIX_FMT_NV12 : codes[format->index];
    return 0;
}

static int list_sizes(int number, struct v4l2_frmsizeenum *size) {
    static const unsigned sizes[][2] = {{640, 480}, {1280, 720}};
    unsigned count = size->pixel_format == V4L2_PIX_FMT_MJPEG ? 2 : 1;
    if (size->index >= count) return refuse(EINVAL);
    if (number == RANGE) {
        size->type = V4L2_FRMSIZE_TYPE_STEPWISE;
        size->stepwise = (struct v4l2_frmsize_stepwise){16, 1920, 8, 32, 1080, 2};
        return 0;
    }
    size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    size->discrete.width = sizes[size->index][0];
    size->discrete.height = sizes[size->index][1];
    return 0;
}

static int list_rates(int number, struct v4l2_frmivalenum *rate) {
    static const struct v4l2_fract rates[] = {{1, 15}, {1001, 30000}};
    if (rate->index >= (number == RANGE ? 1 : 2)) return refuse(EINVAL);
    if (number == RANGE) {
        if (rate->width != 1920 || rate->height != 1080) return refuse(EINVAL);
        rate->type = V4L2_FRMIVAL_TYPE_STEPWISE;
        rate->stepwise = (struct v4l2_frmival_stepwise){{1, 60}, {1, 1}, {1, 60}};
        return 0;
    }
    rate->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    rate->discrete = rates[rate->index];
    return 0;
}

int ioctl(int fd, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    int number = number_of(fd);
    if (number < 0 || number > RANGE) return syscall(SYS_ioctl, fd, request, argument);
    switch ((unsigned)request) {
    case (unsigned)VIDIOC_QUERYCAP: return query(number, argument);
    case (unsigned)VIDIOC_ENUM_FMT: return list_formats(number, argument);
    case (unsigned)VIDIOC_ENUM_FRAMESIZES: return list_sizes(number, argument);
    case (unsigned)VIDIOC_ENUM_FRAMEINTERVALS: return list_rates(number, argument);
    default: return syscall(SYS_ioctl, fd, request, argument);
    }
}
