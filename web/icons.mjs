// The icons the theme draws, instead of the complete icon library (543 kB compressed) that it ships.
import { dom, library } from "@fortawesome/fontawesome-svg-core";
import { faGithub } from "@fortawesome/free-brands-svg-icons";
import {
  faAngleLeft,
  faAngleRight,
  faBars,
  faChevronDown,
  faChevronRight,
  faCircleHalfStroke,
  faDownload,
  faExpand,
  faFile,
  faFilePdf,
  faLightbulb,
  faList,
  faMagnifyingGlass,
  faMoon,
  faRocket,
  faSun,
  faTriangleExclamation,
  faXmark,
} from "@fortawesome/free-solid-svg-icons";

library.add(
  faAngleLeft,
  faAngleRight,
  faBars,
  faChevronDown,
  faChevronRight,
  faCircleHalfStroke,
  faDownload,
  faExpand,
  faFile,
  faFilePdf,
  faGithub,
  faLightbulb,
  faList,
  faMagnifyingGlass,
  faMoon,
  faRocket,
  faSun,
  faTriangleExclamation,
  faXmark,
);
dom.watch();
